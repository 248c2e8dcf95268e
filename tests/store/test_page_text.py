"""The words of pages that others wrote: what is shown and what is not, encodings, and pages made to be slow."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kiosk.store import page_text
from kiosk.store.search_words import tidy


def words(page: str) -> str:
    return tidy(page_text.plain(page))


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p>One<p>two<br>three<li>four", "One two three four"),
        ("mai<b>ze</b> H<sub>2</sub>O so<wbr>ft", "maize H2O soft"),
        ("<td>a</td><td>b</td>", "a b"),
        ("a<script>var x = '<p>no';</script>b<style>p{}</style>c", "a b c"),
        ("a<!-- <p>no --> b <!-->c<!---->d", "a b c d"),
        ("<title>No</title><h1>Yes</h1><template>no</template>", "Yes"),
        ("<img alt='a > b' src=\"x\">seen", "seen"),
        ("<a title='it > is' href=x>seen</a>", "seen"),
        ("<p don't>seen <p>it's", "seen it's"),
        ("1 < 2 and 3 > 2 <3", "1 < 2 and 3 > 2 <3"),
        ("Caf&eacute; &amp; &#233; &#x4e00; &nbsp;x &lt;b&gt;", "Café & é 一 x <b>"),
        ("&#99999999999999999999; &#x; &; &" + "#" * 9, "&#x; &; &#########"),
        ("<!DOCTYPE html><?xml version='1'?>x<![CDATA[y", "x"),
        ("cut in <a href='tag", "cut in"),
        ("cut in <script>x", "cut in"),
        ("cut in <!-- x", "cut in"),
        ("<SCRIPT>x</SCRIPT >y<sCript/>z", "y"),
        ("", ""),
    ],
)
def test_only_what_is_shown_is_words(page: str, expected: str) -> None:
    assert words(page) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("é水".encode(), "é水"),
        ("\ufeffé水".encode(), "é水"),
        ("\ufeffé水".encode("utf-16-le"), "é水"),
        ("\ufeffé水".encode("utf-16-be"), "é水"),
        ("<meta charset='windows-1252'>é".encode("cp1252"), "<meta charset='windows-1252'>é"),
        (
            '<?xml version="1.0" encoding="iso-8859-1"?>é'.encode("latin-1"),
            '<?xml version="1.0" encoding="iso-8859-1"?>é',
        ),
        ("<meta charset=punycode>é".encode(), "<meta charset=punycode>é"),
        ("<meta charset=iso-8859-99>é".encode(), "<meta charset=iso-8859-99>é"),
        (b"a\xffb", "a\ufffdb"),
    ],
)
def test_the_encoding_is_the_one_that_is_said(data: bytes, expected: str) -> None:
    assert page_text.decoded([data[:3], data[3:]]) == expected


def test_a_page_of_megabytes_is_read_to_a_point() -> None:
    assert len(page_text.decoded(b"x" * 1_000_000 for _ in range(10**9))) == page_text.MOST_PAGE_BYTES


def test_what_a_page_is_called() -> None:
    assert page_text.title("<html><TITLE lang=en>A &amp; b</title>") == "A & b"
    assert page_text.title("<p>None") == ""
    assert len(page_text.title("<title>" + "x" * 10**6)) <= 500


HOSTILE = (
    "<", "<a ", '<a b="', "<a b=\"x' c='", "<!--", "<script", "<script></script", "<title>", "&", "&#", "=", "<a=",
    "<a= ", "<b>", "<div>", "<a x='<b y=\"", "<b x=\"'", "&a", "<![CDATA[", "</", "<meta ", "-->", "\ufdfa", "e\u0301",
    "&#9",
)  # fmt: skip
READER = """\
import resource, sys
from kiosk.store import page_text
from kiosk.store.search_words import tidy
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
for piece in sys.argv[1:]:
    page = page_text.decoded([(piece * (800_000 // len(piece))).encode()])
    page_text.title(page), tidy(page_text.plain(page))
print("read")
"""


def test_pages_made_to_be_slow_are_read_to_their_end() -> None:
    # Each is 800 KB: what takes time by its square would take a thousand times as long as the processor is given here.
    done = subprocess.run([sys.executable, "-c", READER, *HOSTILE], check=False, capture_output=True, text=True)
    assert done.stdout == "read\n", done.stderr
