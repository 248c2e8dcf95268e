"""Answers of a search that are broken, or lead elsewhere."""

from __future__ import annotations

import pytest

from kiosk.portal.reading import hits

ANSWER = """<?xml version="1.0"?><rss xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><channel>
<opensearch:totalResults>1,234</opensearch:totalResults>{}</channel></rss>"""
ITEM = "<item><title>{}</title><link>{}</link><description>...about <b>beans</b>.....</description></item>"


@pytest.mark.parametrize(
    "data", [b"", b"<rss/>", b"<rss>", b"\0", b"Fulltext search unavailable", ANSWER.replace("1,234", "many").encode()]
)
def test_what_can_not_be_read_is_no_answer(data: bytes) -> None:
    assert hits.read(data, "/manual/") is None


def test_only_pages_of_the_book_are_hits() -> None:
    links = ("/manual/A/a b", "/manual/A/c%20d", "/other/A/a", "//evil.example/", "http://evil.example/", "/manual", "")
    answer = ANSWER.format("".join(ITEM.format("", link) for link in links))
    found = hits.read(answer.encode(), "/manual/")
    assert found
    assert found.count == 1234
    assert [(hit.path, hit.words) for hit in found.hits] == [("A/a b", "about beans"), ("A/c d", "about beans")]


def test_a_book_with_another_address_in_later_versions() -> None:
    answer = ANSWER.format(ITEM.format("Beans", "/content/manual/beans.html"))
    found = hits.read(answer.encode(), "/content/manual/")
    assert found
    assert found.hits == (hits.Hit("Beans", "beans.html", "about beans"),)
