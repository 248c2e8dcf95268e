"""Reading ZIM books: in every form there is, and as large as they come, in the memory of a kiosk."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace

import pytest

from kiosk.errors import FormatError
from kiosk.packs import zim, zim_clusters, zim_reader
from kiosk.packs.zim_reader import Zim
from tests.making import BOOK_ID
from tests.whole_path.running import REAL_BOOKS
from tests.zims import EXTENDED, LZMA, PAGES, PLAIN, ZSTD, Page, made


def opened(data: bytes) -> Zim:
    return Zim(io.BytesIO(data), "a.zim")


@pytest.mark.parametrize(
    ("codings", "version"),
    [
        ((ZSTD, PLAIN), (6, 1)),
        ((LZMA, 0), (5, 0)),
        ((ZSTD | EXTENDED, PLAIN | EXTENDED), (6, 1)),
        ((LZMA | EXTENDED, ZSTD), (6, 3)),
    ],
)
def test_every_form_is_read(codings: tuple[int, ...], version: tuple[int, int]) -> None:
    book = opened(made(codings=codings, version=version).whole())
    assert len(book) == len(PAGES)
    for number, (page, entry) in enumerate(zip(PAGES, book.entries(), strict=True)):
        assert (entry.number, entry.namespace, entry.path, entry.title) == (
            number, page.namespace, page.path, page.title,
        )  # fmt: skip
        assert entry == book.entry(number) == book.find(page.namespace, page.path)
        assert entry.redirect == page.redirect
        assert entry.type == ("" if page.redirect is not None else page.type)
        assert book.size_bytes(entry) == len(page.data)
        assert book.read(entry) == b"".join(book.pieces(entry)) == page.data


def test_the_book_says_what_it_is() -> None:
    book = opened(made().whole())
    assert (book.header.uuid, book.header.major, book.header.minor) == (BOOK_ID, 6, 1)
    assert book.types == ("application/octet-stream+zimlisting", "image/png", "text/html", "text/plain")
    assert not book.has_old_namespaces
    assert book.main == book.find("W", "mainPage")
    assert book.main is not None
    assert book.target(book.main).path == "a.html"
    assert opened(made(version=(6, 0)).whole()).has_old_namespaces
    assert opened(made(main=zim.NO_PAGE).whole()).main is None


def test_what_is_not_there_is_not_found() -> None:
    book = opened(made().whole())
    assert [book.find(*each) for each in (("C", "A"), ("C", "b"), ("C", "zz"), ("A", "a.html"), ("Z", ""))] == [
        None
    ] * 5


def test_front_pages_are_those_listed_or_all_that_could_be() -> None:
    assert list(opened(made().whole()).front()) == [0, 1, 4]
    unlisted = PAGES[:-1]
    assert list(opened(made(unlisted).whole()).front()) == [0, 1, 4]
    old = tuple(replace(page, namespace="A") if page.namespace == "C" else page for page in PAGES)
    assert list(opened(made(old, version=(5, 0)).whole()).front()) == [0, 1, 2, 3, 4]


def test_by_cluster_gives_each_content_once() -> None:
    pages = tuple(Page("C", f"{n:03}", b"%d" % n * n, cluster=n % 3) for n in range(100))
    book = opened(made(pages, (ZSTD, LZMA, PLAIN), main=0).whole())
    found = [(each.entry, each.size_bytes, b"".join(each.pieces)) for each in book.by_cluster()]
    assert [entry.number for entry, _, _ in found] == sorted(range(100), key=lambda n: (n % 3, n))
    assert all(data == pages[entry.number].data and size == len(data) for entry, size, data in found)


def test_entries_may_share_bytes() -> None:
    shared = (*PAGES[:1], Page("C", "a2.html", blob=0), *PAGES[1:])
    book = opened(made(shared, main=0).whole())
    found = {each.entry.path: b"".join(each.pieces) for each in book.by_cluster()}
    assert found["a.html"] == found["a2.html"] == b"<p>One"
    assert len(found) == 7


def test_a_cluster_too_large_to_hold_is_read_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zim_clusters, "HELD_BYTES", 100_000)
    opened_streams = []
    kept = zim_clusters.Unpacked

    class Counted(kept):  # type: ignore[valid-type,misc]
        def __init__(self, packed: zim_clusters.Packed) -> None:
            opened_streams.append(packed.number)
            super().__init__(packed)

    monkeypatch.setattr(zim_clusters, "Unpacked", Counted)
    pages = tuple(Page("C", f"{n:03}", bytes([n]) * (n * 1000)) for n in range(100))
    book = opened(made(pages, (ZSTD,), main=0).whole())
    for each in book.by_cluster():
        if each.entry.number % 3:  # who leaves some out, or breaks off, still gets the next ones
            assert b"".join(each.pieces) == pages[each.entry.number].data
        elif each.entry.number:
            assert next(each.pieces)[:1] == pages[each.entry.number].data[:1]
    assert len(opened_streams) < 40
    one, two = book.pieces(book.entry(80)), book.pieces(book.entry(90))
    assert next(one)[:1] == bytes([80])
    assert next(two)[:1] == bytes([90])
    assert next(one)[:1] == bytes([80])
    assert book.read(book.entry(5)) == pages[5].data


def test_the_bytes_of_a_cluster_can_be_had_as_they_are() -> None:
    book = made()
    raw = b"".join(opened(book.whole()).raw_cluster(1))
    assert raw == book.data[book.at["cluster 1"] : book.at["clusters"]]
    assert raw[0] == PLAIN


def test_what_is_too_much_to_hold_has_to_be_taken_by_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zim_reader, "MOST_READ_BYTES", 200)
    book = opened(made().whole())
    with pytest.raises(FormatError, match=r"entry 2 \('c\.png'\) has 256 bytes"):
        book.read(book.entry(2))
    assert b"".join(book.pieces(book.entry(2))) == bytes(range(256))


@pytest.mark.skipif(not REAL_BOOKS.is_dir(), reason=f"the real ZIM books are not in {REAL_BOOKS}")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("small.zim", (16, 39530, "main.html", 1)),
        ("wikibooks_be_2017-02.zim", (123, 783517, "Першая_старонка.html", 66)),
        ("wikipedia_en_ray_charles.zim", (371, 1707230, "index", 284)),
    ],
)
def test_real_books_are_read(name: str, told: tuple[int, int, str, int]) -> None:
    with (REAL_BOOKS / name).open("rb") as file:
        book = Zim(file, name)
        found = {each.entry.number: hashlib.sha256(b"".join(each.pieces)).digest() for each in book.by_cluster()}
        total = sum(book.size_bytes(entry) for entry in book.entries())
        assert book.main is not None
        assert (len(book), total, book.target(book.main).path, sum(1 for _ in book.front())) == told
        for entry in book.entries():
            assert book.find(entry.namespace, entry.path) == entry
            if entry.redirect is None:
                assert hashlib.sha256(book.read(entry)).digest() == found.pop(entry.number)
        assert not found


def test_who_wants_little_of_each_cluster_has_no_more_decompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    some = zim_clusters.Unpacked._some

    def counted(self: zim_clusters.Unpacked, most: int) -> bytes:
        given.append(len(data := some(self, most)))
        return data

    monkeypatch.setattr(zim_clusters.Unpacked, "_some", counted)
    pages = tuple(Page("C", f"{n:02}", bytes([n]) * 300_000, cluster=n % 8) for n in range(16))
    book = Zim(io.BytesIO(made(pages, (ZSTD,) * 8, main=0).whole()), "book", held_bytes=0)
    for number in range(8):
        assert book.read(book.entry(number)) == bytes([number]) * 300_000
    assert sum(given) < 8 * 310_000, "of the second page in each nothing"
    assert len(book._clusters._last_stream) == 1, "no more than one decoder is kept"


@pytest.mark.parametrize("part", [(0, None), (5, None), (0, 7), (3, 30), (4, 4), (9, 2), (10**6, 10**7), (1, 10**7)])
def test_a_part_of_an_entry_is_a_slice_of_it(monkeypatch: pytest.MonkeyPatch, part: tuple[int, int | None]) -> None:
    for held_bytes in (zim_clusters.HELD_BYTES, 10):
        monkeypatch.setattr(zim_clusters, "HELD_BYTES", held_bytes)
        book = opened(made(codings=(ZSTD, PLAIN), version=(6, 1)).whole())
        for page, entry in zip(PAGES, book.entries(), strict=True):
            if entry.redirect is None:
                assert book.part(entry, *part) == page.data[slice(*part)]
