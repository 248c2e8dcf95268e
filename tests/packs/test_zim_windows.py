"""Clusters that ask for much more memory than they need, as those of today's books do, and those that need it."""

from __future__ import annotations

import io
import lzma
import random

import pytest

from kiosk.errors import FormatError
from kiosk.host import memory
from kiosk.packs.route import zstd
from kiosk.packs.zim_clusters import Streams
from kiosk.packs.zim_reader import Zim
from tests.zims import ASKED_LOG, LZMA, PACKERS, PLAIN, ZSTD, Page, greedy, made

MIB = 1 << 20


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clusters compressed as today's tools do."""
    monkeypatch.setitem(PACKERS, ZSTD, greedy)


def book(*sizes: int, codings: tuple[int, ...] = (ZSTD,)) -> tuple[bytes, tuple[Page, ...]]:
    """Return a book and its pages, each beginning as the first does, so that a decoder must look far back."""
    head = random.Random(0).randbytes(100_000)
    pages = tuple(
        Page("C", f"{number:02}", head + bytes(size - 2 * len(head)) + head, cluster=number % len(codings))
        for number, size in enumerate(sizes)
    )
    return made(pages, codings, main=0).whole(), pages


def read(data: bytes, pages: tuple[Page, ...], most_bytes: int) -> None:
    """Read a book in at most so much more memory, by cluster and then to and fro."""
    with memory.limited(most_bytes):
        zim = Zim(io.BytesIO(data), "a.zim")
        for found in zim.by_cluster():
            want, at = pages[found.entry.number].data, 0
            for piece in found.pieces:
                assert want[at : at + len(piece)] == piece
                at += len(piece)
            assert at == len(want)
        for number in (*range(len(pages)), *reversed(range(len(pages)))):
            assert zim.part(zim.entry(number), 0, 150_000) == pages[number].data[:150_000]


def test_frames_ask_for_what_libzim_asks_for() -> None:
    frame = greedy(b"a" * 1000)
    assert frame[5] == ASKED_LOG - 10 << 3
    assert zstd.get_frame_info(frame).decompressed_size is None


def test_a_small_cluster_takes_no_more_memory_than_it_has() -> None:
    read(*book(2 * MIB, 2 * MIB, 3 * MIB, 400_000, codings=(ZSTD, ZSTD)), 40 * MIB)


def test_large_clusters_are_read_with_one_window_between_them() -> None:
    read(*book(20 * MIB, 20 * MIB, 20 * MIB, 20 * MIB, codings=(ZSTD, ZSTD)), 110 * MIB)


def test_old_books_with_large_dictionaries_need_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 1, "dict_size": 64 * MIB}]
    monkeypatch.setitem(PACKERS, LZMA, lambda data: lzma.compress(data, lzma.FORMAT_XZ, filters=filters))
    read(*book(9 * MIB, 9 * MIB, 9 * MIB, codings=(LZMA, LZMA, LZMA)), 110 * MIB)


def test_a_cluster_that_takes_too_much_is_refused_in_words() -> None:
    data, pages = book(65 * MIB, codings=(ZSTD,))
    with pytest.raises(FormatError) as refusal:
        read(data, pages, 200 * MIB)
    assert refusal.value.message == "a.zim: cluster 0 takes 128 MiB of memory to read; 64 are the most"
    assert "clusters of 2 MiB" in str(refusal.value.hint)


def test_of_such_a_cluster_the_beginning_can_be_read() -> None:
    data, pages = book(400_000, 65 * MIB, codings=(ZSTD,))
    zim = Zim(io.BytesIO(data), "a.zim")
    with memory.limited(110 * MIB):
        assert zim.read(zim.entry(0)) == pages[0].data
        assert zim.part(zim.entry(1), 0, 10) == pages[1].data[:10]


@pytest.mark.parametrize(("size", "told"), [(65 * MIB, 65), (700 * MIB, 700)])
def test_one_whose_frame_is_its_own_window_is_refused_in_the_same_words(
    monkeypatch: pytest.MonkeyPatch, size: int, told: int
) -> None:
    monkeypatch.setitem(PACKERS, ZSTD, lambda data: zstd.compress(data)[:4] + single_segment(data, size))
    data, pages = book(400_000)
    with pytest.raises(FormatError) as refusal:
        read(data, pages, 64 * MIB)
    assert refusal.value.message == f"a.zim: cluster 0 takes {told} MiB of memory to read; 64 are the most"
    assert "clusters of 2 MiB" in str(refusal.value.hint)


def single_segment(data: bytes, size: int) -> bytes:
    """Return a frame behind its first four bytes that claims to be all of `size` bytes, with raw blocks of data."""
    blocks = (data[at : at + 100_000] for at in range(0, len(data), 100_000))
    raw = b"".join((len(each) << 3).to_bytes(3, "little") + each for each in blocks)
    return bytes([0xA0]) + size.to_bytes(4, "little") + raw


def test_books_that_share_it_hold_one_decoder() -> None:
    data, pages = book(20 * MIB, 20 * MIB, codings=(ZSTD, ZSTD))
    with memory.limited(110 * MIB):
        shared: Streams = []
        books = [Zim(io.BytesIO(data), "a.zim", 4 * MIB, shared) for _ in range(3)]
        for number in (0, 1, 0):
            for each in books:
                assert each.part(each.entry(number), 0, 150_000) == pages[number].data[:150_000]
                assert len(shared) == 1


def test_one_that_asks_for_little_is_read_whatever_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKERS, ZSTD, zstd.compress)
    read(*book(65 * MIB, 400_000, codings=(ZSTD, PLAIN)), 64 * MIB)
