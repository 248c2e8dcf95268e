"""Where the bar goes in pages that others wrote: well made, badly made, and made to trick it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kiosk.portal.reading import bar

BAR = b"[bar]"


def under(page: bytes, *, step: int = 7, is_xml: bool = False) -> bytes:
    pieces = (page[at : at + step] for at in range(0, len(page), step))
    return b"".join(bar.under(BAR, pieces, is_xml=is_xml))


@pytest.mark.parametrize(
    "page",
    [
        b"<!doctype html><html><head><title>a</title></head><body>|<p>Maize",
        b"<HTML><BODY CLASS='a>b' title=\"c>d\" x=y>|<p>Maize",
        b"<html><!-- <body> --><head><script>var a = '<body>'</script><title><body></title></head><body\n>|Maize",
        b"<style>body{color:red}</style><body>|Maize",
        b"<!doctype html>\n<title>a</title>\n<meta charset='latin-1'><link href=x>|<p>Maize",
        b"<!doctype html><head><meta charset=utf-8><style>p{}</style></head>|<p>Maize",
        b"\xef\xbb\xbf|Maize",
        b"|Maize <bodywork>",
        b"|",
        b"|<p>\x83\x5c\x00\xff<",
        b"<?xml version='1.0'?><!DOCTYPE html><html xmlns='x'><head/><body>|<p/></body></html>",
        b'<html><body <!-- title=">" ->|never mind',
        b'<!doctype html>|<body title="never closed>',
    ],
)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_it_goes_to_the_top_of_the_body_and_changes_nothing_else(page: bytes, step: int) -> None:
    assert under(page.replace(b"|", b"", 1), step=step) == page.replace(b"|", BAR, 1)


@pytest.mark.parametrize("page", [b"<html><frameset cols='1,1'><frame src=a></frameset>", b""])
def test_a_page_of_frames_is_left_as_it_is(page: bytes) -> None:
    assert under(page) in (page, BAR)


def test_xml_without_a_body_stays_well_formed() -> None:
    page = b"<?xml version='1.0'?><h:html xmlns:h='x'><h:body/></h:html>"
    assert under(page, is_xml=True) == page


def test_a_huge_page_is_never_held_whole() -> None:
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield b"x" * 65536

    made = bar.under(BAR, pieces(), is_xml=False)
    assert next(made).startswith(BAR)
    held = taken
    assert held <= bar.MOST_HEAD_BYTES // 65536 + 2
    assert sum(map(len, made)) == (1000 - held) * 65536


@pytest.mark.parametrize(
    ("first", "content_type", "encoding"),
    [
        ("\ufeff<p>".encode("utf-16-le"), "text/html", "utf-16-le"),
        ("\ufeff<p>".encode("utf-16-be"), "text/html", "utf-16-be"),
        (b"<\0p\0", "text/html; charset=UTF-16LE", "utf-16le"),
        (b"<p>", "text/html; charset=shift_jis", ""),
        (b"<p>", "text/html; charset=utf-16;x", "utf-16"),
        (b"", "text/html; charset=none-such", ""),
    ],
)
def test_which_pages_have_to_be_brought_to_utf_8(first: bytes, content_type: str, encoding: str) -> None:
    assert bar.is_wide(first, content_type) == encoding


def test_a_wide_page_is_the_same_in_utf_8() -> None:
    page = "\ufeff<body>Maïs \U0001f33d مرحبا"
    data = page.encode("utf-16-be")
    pieces = (data[at : at + 3] for at in range(0, len(data), 3))
    assert b"".join(bar.as_utf8(pieces, "utf-16-be")).decode() == page
    assert b"".join(bar.as_utf8([b"\xd8\x00\x00"], "utf-16-be")).decode(), "broken signs do not end it"


def test_the_bar_is_ascii_whatever_it_says() -> None:
    made = bar.markup("مكتبة", [("/a?b=1&c=<\"'>", bar.BACK, "العودة <b>")], "ar", "rtl")
    assert made.isascii()
    assert b"<b>" not in made
    assert b"scaleX(-1)" in made
    assert b'href="/a?b=1&amp;c=&lt;&quot;&#x27;&gt;"' in made
