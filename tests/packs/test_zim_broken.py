"""Broken ZIM books, each a few bytes away from a whole one: a clear refusal, in bounded time and memory."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.errors import FormatError
from kiosk.packs import zim_reader
from tests.zims import EXTENDED, LZMA, PAGES, PLAIN, ZSTD, Made, Page, everything, made

BIG = 2**63 + 7
Way = Callable[[], Made]


def packed(change: Callable[[bytes], bytes], cluster: int = 0, *codings: int) -> Way:
    """Return a way to make a book with a cluster that is changed before it is compressed."""
    return lambda: made(
        codings=codings or (ZSTD, PLAIN), inside=lambda number, data: change(data) if number == cluster else data
    )


def numbers(form: str, at: int, *values: int) -> Callable[[bytes], bytes]:
    """Return a change that overwrites numbers."""
    return lambda data: data[:at] + struct.pack(form, *values) + data[at + struct.calcsize(form) :]


def short(count: int) -> Way:
    """Return a way to cut a book short, its header told of it."""

    def way() -> Made:
        book = made()
        del book.data[-16 - count : -16]
        return book.put("header", 72, "<Q", len(book.data) - 16)

    return way


def shuffled(*order: int) -> tuple[Page, ...]:
    return tuple(PAGES[number] for number in order)


BROKEN: dict[str, tuple[Way, str]] = {
    "no types": (lambda: made().put("header", 56, "<Q", BIG), "a table of this book lies outside"),
    "types that never end": (lambda: replaced(made(), "types", b"a" * 67), "the list of media types is cut short"),
    "a type that is no text": (lambda: made().put("types", 0, "B", 0xFF), "a media type is not UTF-8"),
    "a path list that is cut": (lambda: made().put("header", 32, "<Q", made().at["checksum"] - 8), "the list of paths"),
    "absurd entries": (lambda: made().put("header", 24, "<I", 2**32 - 1), "4294967295 entries and 2 clusters"),
    "many entries": (lambda: made().put("header", 24, "<I", 2**24), "the list of paths"),
    "absurd clusters": (lambda: made().put("header", 28, "<I", 2**32 - 1), "and 4294967295 clusters, which can not"),
    "clusters past the end": (lambda: made().put("header", 28, "<I", 8), "the list of clusters"),
    "no first page": (lambda: made().put("header", 64, "<I", 99), "there is no entry 99"),
    "an entry outside": (lambda: made().put("paths", 8, "<Q", BIG), "an entry at byte 9223372036854775815"),
    "an entry in the header": (lambda: made().put("paths", 8, "<Q", 8), "an entry at byte 8 lies outside"),
    "an entry at the end": (lambda: made().put("paths", 8, "<Q", made().at["checksum"]), "lies outside"),
    "an entry that is cut": (lambda: made().put("paths", 8, "<Q", made().at["checksum"] - 1), "cut short, or far"),
    "one entry twice": (lambda: made().put("paths", 8, "<Q", made().at["entry 0"]), "entry 1 ('a.html') is not in the"),
    "entries out of order": (lambda: made(shuffled(1, 0, 2), main=0), "entry 1 ('a.html') is not in the order"),
    "a path without end": (lambda: made((Page("C", "a" * 70_000),), (ZSTD,), main=0), "cut short, or far too long"),
    "a path that is no text": (lambda: made().put("entry 0", 16, "B", 0xFF), "path or title of entry 0 is not UTF-8"),
    "a title that is no text": (lambda: made().put("entry 0", 23, "B", 0xC0), "path or title of entry 0 is not UTF-8"),
    "a namespace that is none": (lambda: made().put("entry 7", 3, "B", 0xC3), "path or title of entry 7 is not UTF-8"),
    "a type that is not there": (lambda: made().put("entry 0", 0, "<H", 9), "has media type 9 of 4"),
    "a deleted entry": (lambda: made().put("entry 0", 0, "<H", 0xFFFD), "entry 0 is a deleted entry"),
    "a link target": (lambda: made().put("entry 0", 0, "<H", 0xFFFE), "entry 0 is a link target"),
    "a cluster that is not there": (lambda: made().put("entry 0", 8, "<I", 2), "lies in cluster 2, which is not there"),
    "a blob that is not there": (lambda: made().put("entry 0", 12, "<I", 4), "cluster 0 has no blob 4"),
    "the last blob there could be": (lambda: made().put("entry 0", 12, "<I", 2**32 - 1), "has no blob 4294967295"),
    "a redirect to nothing": (lambda: made().put("entry 3", 8, "<I", 8), "redirects to entry 8, which is not there"),
    "a redirect to itself": (lambda: made().put("entry 3", 8, "<I", 3), "from entry 3 ('old.html') come to no end"),
    "redirects in a circle": (
        lambda: made().put("entry 3", 8, "<I", 6).put("entry 6", 8, "<I", 3), "from entry 3 ('old.html') come to",
    ),
    "a cluster outside": (lambda: made().put("clusters", 0, "<Q", BIG), "cluster 0 lies outside"),
    "a cluster in the header": (lambda: made().put("clusters", 0, "<Q", 0), "cluster 0 at byte 0 lies outside"),
    "two clusters in one place": (
        lambda: made().put("clusters", 8, "<Q", made().at["cluster 0"]), "cluster 0 lies outside the file, or where",
    ),
    "a cluster where the paths are": (
        lambda: made().put("clusters", 0, "<Q", made().at["paths"]), "cluster 0 lies outside the file, or where",
    ),
    "clusters that overlap": (
        lambda: made().put("clusters", 8, "<Q", made().at["cluster 0"] + 9), "cluster 0 is cut short, or runs into",
    ),
    "an unknown compression": (lambda: made().put("cluster 0", 0, "B", 6), "cluster 0 begins with 6"),
    "unknown flags": (lambda: made().put("cluster 0", 0, "B", 0x25), "cluster 0 begins with 37"),
    "zlib": (lambda: made().put("cluster 0", 0, "B", 2), "cluster 0 is compressed with zlib"),
    "bzip2": (lambda: made().put("cluster 0", 0, "B", 3), "cluster 0 is compressed with bzip2"),
    "wide offsets in version 5": (
        lambda: made(codings=(ZSTD | EXTENDED, PLAIN), version=(5, 0)), "cluster 0 begins with 21",
    ),
    "zstd that is none": (lambda: made().put("cluster 0", 1, "B", 0), "cluster 0 can not be decompressed"),
    "zstd for xz": (lambda: made().put("cluster 0", 0, "B", 4), "cluster 0 can not be decompressed"),
    "xz that is damaged": (
        lambda: made(codings=(LZMA, PLAIN)).put("cluster 1", -12, "<Q", 0), "cluster 0 can not be decompressed",
    ),
    "a cluster that ends early": (packed(lambda data: data[:-9]), "cluster 0 holds fewer bytes than its offsets say"),
    "an empty cluster": (packed(lambda _: b""), "cluster 0 holds fewer bytes"),
    "offsets of zero bytes": (packed(numbers("<I", 0, 0)), "cluster 0 has offsets of 0 bytes"),
    "offsets that are cut": (packed(numbers("<I", 0, 22)), "cluster 0 has offsets of 22 bytes"),
    "absurd offsets": (packed(numbers("<I", 0, 2**32 - 4)), "cluster 0 has offsets of 4294967292 bytes"),
    "offsets that go back": (packed(numbers("<I", 4, 2**31)), "the offsets of cluster 0 go back"),
    "absurd bytes": (packed(numbers("<I", 16, 2**32 - 1)), "cluster 0 would have 4294967295 bytes"),
    "absurd wide offsets": (
        packed(numbers("<Q", 0, BIG), 0, ZSTD | EXTENDED, PLAIN), f"cluster 0 has offsets of {BIG} bytes",
    ),
    "absurd plain offsets": (packed(numbers("<I", 0, 2**31), 1), "cluster 1 has offsets of 2147483648 bytes"),
    "plain offsets that go back": (packed(numbers("<I", 4, 2**31), 1), "the offsets of cluster 1 go back"),
    "plain bytes past the end": (packed(numbers("<I", 8, 2**20), 1), "cluster 1 would have 1048576 bytes"),
    "a plain cluster of nothing": (packed(lambda _: b"", 1), "cluster 1 has offsets of 0 bytes"),
    "a list of pages that is cut": (
        lambda: made((*PAGES[:-1], replace(PAGES[-1], data=b"12345"))), "its list of pages has 5 bytes",
    ),
    "a list of too many pages": (
        lambda: made((*PAGES[:-1], replace(PAGES[-1], data=bytes(4 * 9)))), "its list of pages has 36 bytes",
    ),
    "a list of pages that are not there": (
        lambda: made((*PAGES[:-1], replace(PAGES[-1], data=struct.pack("<I", 8)))), "names entry 8, which is not there",
    ),
    "cut in the list of clusters": (short(4), "the list of clusters"),
}  # fmt: skip


def replaced(book: Made, part: str, data: bytes) -> Made:
    """Put bytes over a part up to the end of the book."""
    at, end = book.at[part], len(book.data) - 16
    book.data[at:end] = (data * (end - at))[: end - at]
    return book


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_book_is_refused_by_name_and_place(name: str) -> None:
    way, told = BROKEN[name]
    with pytest.raises(FormatError, match=r"^a\.zim: ") as refusal:
        everything(way().whole())
    assert told in refusal.value.message
    assert refusal.value.hint


def test_the_whole_book_is_not() -> None:
    everything(made().whole())


def test_a_book_that_is_cut_anywhere_is_refused() -> None:
    data = made().whole()
    for length in range(len(data)):
        with pytest.raises(FormatError, match=r"^a\.zim: "):
            everything(data[:length])


def test_no_changed_byte_brings_another_error() -> None:
    data = made(codings=(LZMA, PLAIN)).whole()
    for at in range(len(data)):
        for value in (0, 1, 0x7F, 0xFF, data[at] ^ 1, data[at] ^ 0x80):
            try:
                everything(data[:at] + bytes([value]) + data[at + 1 :])
            except FormatError as error:
                assert error.message.startswith("a.zim: ")  # noqa: PT017 -- that there is none is as good


def test_many_entries_with_the_same_bytes_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zim_reader, "MOST_REPEATED_BYTES", 10_000)
    pages = (PAGES[1], *(Page("C", f"c{n:04}", blob=0) for n in range(2000)))
    with pytest.raises(FormatError, match="too many entries share their bytes"):
        everything(made(pages, (ZSTD,), main=0).whole())


SWELLS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
from kiosk.errors import FormatError
from kiosk.packs.zim_reader import Zim
with open(sys.argv[1], "rb") as file:
    book = Zim(file, "a.zim")
    total = 0
    try:
        for content in book.by_cluster():
            total += sum(map(len, content.pieces))
        print("read", total)
    except FormatError as error:
        print("refused", error.message)
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""
SWOLLEN_BYTES = 200_000_000


@pytest.mark.parametrize("coding", [ZSTD, LZMA])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (bytes, f"read {SWOLLEN_BYTES}"),
        (numbers("<I", 4, 2**31), "refused a.zim: cluster 0 would have 2147483648 bytes; 1073741824 are the most"),
        (numbers("<I", 0, 2**29), "refused a.zim: cluster 0 has offsets of 536870912 bytes, which can not be"),
    ],
)
def test_what_swells_is_never_held(tmp_path: Path, coding: int, change: Callable[[bytes], bytes], told: str) -> None:
    file = tmp_path / "a.zim"
    page = Page("C", "a", bytes(SWOLLEN_BYTES))
    file.write_bytes(made((page,), (coding,), main=0, inside=lambda _, data: change(data)).whole())
    assert file.stat().st_size < 200_000
    command = [sys.executable, "-c", SWELLS, str(file), str(512 * 1024 * 1024)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]).stdout
    words, peak = out.splitlines()
    assert words == told
    assert int(peak) * 1024 < 100_000_000
