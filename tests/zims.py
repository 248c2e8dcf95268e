"""Small ZIM books made by hand, in every form that the format allows and in some that it does not.

Written without the product's writer, from the specification alone, so that reader and writer are not each other's only
judge: https://wiki.openzim.org/wiki/ZIM_file_format.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate

from kiosk.packs.zim_reader import Zim
from tests.making import BOOK_ID

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS: dict[int, Callable[[bytes], bytes]] = {
    0: bytes, 1: bytes, 4: lambda data: lzma.compress(data, format=lzma.FORMAT_XZ), 5: zstd.compress,
}  # fmt: skip
PLAIN, LZMA, ZSTD, EXTENDED = 1, 4, 5, 0x10


@dataclass(frozen=True)
class Page:
    """An entry of a book: bytes with a media type, or the number of the entry it redirects to."""

    namespace: str
    path: str
    data: bytes = b""
    type: str = "text/html"
    title: str = ""
    redirect: int | None = None
    cluster: int = 0
    blob: int = -1
    """Which blob it has; -1: one of its own."""


ASKED_LOG = 27
"""What libzim's level 22 asks for, as a power of two."""


def greedy(data: bytes) -> bytes:
    """Compress as today's tools do: it is not told how much it is, and the largest window is asked for."""
    parameter = zstd.CompressionParameter
    options: dict[int, int] = {
        parameter.compression_level: 1, parameter.window_log: ASKED_LOG, parameter.enable_long_distance_matching: 1,
    }  # fmt: skip
    packer = zstd.ZstdCompressor(options=options)
    return packer.compress(data, packer.CONTINUE) + packer.flush()


PAGES = (
    Page("C", "a.html", b"<p>One", title="First"),
    Page("C", "b.html", b"<p>Two" * 50),
    Page("C", "c.png", bytes(range(256)), "image/png", cluster=1),
    Page("C", "old.html", redirect=1, title="Old"),
    Page("C", "é水.html", b"", title="Ünï"),
    Page("M", "Title", "A bôok".encode(), "text/plain"),
    Page("W", "mainPage", redirect=0),
    Page("X", "listing/titleOrdered/v1", struct.pack("<3I", 0, 1, 4), "application/octet-stream+zimlisting", cluster=1),
)


def with_checksum(book: bytes) -> bytes:
    """Return a book whose last 16 bytes, whatever they were, are its checksum."""
    return book[:-16] + hashlib.md5(book[:-16]).digest()


@dataclass
class Made:
    """A book's bytes, and at which byte each of its parts is: "paths", "clusters", "types", "entry 3", "cluster 0"."""

    data: bytearray
    at: dict[str, int] = field(default_factory=dict)

    def put(self, part: str, offset: int, form: str, *values: int) -> Made:
        """Overwrite numbers within a part, and return the book."""
        struct.pack_into(form, self.data, self.at[part] + offset, *values)
        return self

    def whole(self) -> bytes:
        """Return the book with a checksum that fits."""
        return with_checksum(bytes(self.data))


def made(
    pages: tuple[Page, ...] = PAGES, codings: tuple[int, ...] = (ZSTD, PLAIN), version: tuple[int, int] = (6, 1),
    main: int = 6, inside: Callable[[int, bytes], bytes] = lambda number, data: data,
) -> Made:  # fmt: skip
    """Return a book.

    Args:
        pages: sorted by namespace and path.
        codings: the first byte of each cluster.
        main: the number of the first page.
        inside: changes what is in a cluster before it is compressed.
    """
    types = sorted({page.type for page in pages if page.redirect is None})
    book = Made(bytearray(80), {"header": 0, "types": 80})
    book.data += b"".join(each.encode() + b"\0" for each in types) + b"\0"
    blobs: list[list[bytes]] = [[] for _ in codings]
    for number, page in enumerate(pages):
        book.at[f"entry {number}"] = len(book.data)
        book.data += _entry(page, types, blobs)
    for name, order in (("paths", pages), ("titles", sorted(pages, key=lambda each: (each.namespace, each.title)))):
        book.at[name] = len(book.data)
        for page in order:
            number = pages.index(page)
            book.data += struct.pack("<Q", book.at[f"entry {number}"]) if name == "paths" else struct.pack("<I", number)
    for number, coding in enumerate(codings):
        book.at[f"cluster {number}"] = len(book.data)
        book.data += bytes([coding]) + PACKERS[coding & 15](inside(number, _cluster(blobs[number], coding)))
    book.at["clusters"] = len(book.data)
    book.data += b"".join(struct.pack("<Q", book.at[f"cluster {number}"]) for number in range(len(codings)))
    book.at["checksum"] = len(book.data)
    tables = (book.at[name] for name in ("paths", "titles", "clusters", "types"))
    counts = (len(pages), len(codings))
    struct.pack_into(
        "<IHH16sIIQQQQIIQ", book.data, 0,
        0x044D495A, *version, BOOK_ID.bytes, *counts, *tables, main, 2**32 - 1, len(book.data),
    )  # fmt: skip
    book.data += hashlib.md5(book.data).digest()
    return book


def _entry(page: Page, types: list[str], blobs: list[list[bytes]]) -> bytes:
    labels = page.path.encode() + b"\0" + page.title.encode() + b"\0"
    letter = page.namespace.encode()
    if page.redirect is not None:
        return struct.pack("<HBcII", 0xFFFF, 0, letter, 0, page.redirect) + labels
    blob = len(blobs[page.cluster]) if page.blob < 0 else page.blob
    if page.blob < 0:
        blobs[page.cluster].append(page.data)
    return struct.pack("<HBcIII", types.index(page.type), 0, letter, 0, page.cluster, blob) + labels


def _cluster(blobs: list[bytes], coding: int) -> bytes:
    form = "Q" if coding & EXTENDED else "I"
    offsets = list(accumulate(map(len, blobs), initial=struct.calcsize(form) * (len(blobs) + 1)))
    return struct.pack(f"<{len(offsets)}{form}", *offsets) + b"".join(blobs)


def everything(data: bytes) -> None:
    """Ask a book all there is to ask."""
    book = Zim(io.BytesIO(data), "a.zim")
    for entry in list(book.entries()):
        assert book.find(entry.namespace, entry.path) == entry
        book.target(entry)
        book.read(entry)
    for content in book.by_cluster():
        for _ in content.pieces:
            pass
    for number in book.front():
        book.entry(number)
    for number in range(book.header.clusters):
        for _ in book.raw_cluster(number):
            pass
