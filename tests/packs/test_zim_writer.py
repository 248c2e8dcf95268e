"""Writing canonical ZIM books: what is read back is what was written, always in the same bytes, in little memory."""

from __future__ import annotations

import hashlib
import io
import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.errors import FormatError
from kiosk.packs import zim, zim_packing, zim_register
from kiosk.packs.zim_layout import MOST_BYTES, Cutter, is_compressed
from kiosk.packs.zim_reader import MOST_REDIRECTS, Zim
from kiosk.packs.zim_register import ZimLabel
from kiosk.packs.zim_writer import ZimWriter
from tests.making import BOOK_ID

Key = tuple[str, str, str]
"""Type, namespace and path."""
Redirects = dict[tuple[str, str], tuple[str, str]]


def written(contents: dict[Key, bytes], redirects: Redirects | None = None, old: bool = False) -> bytes:
    """Return the book of these contents; the title of each is its path backwards."""
    file = io.BytesIO()
    writer = ZimWriter(file, "a.zim", BOOK_ID, {each[0] for each in contents}, old_namespaces=old)
    for (media_type, letter, path), data in sorted(contents.items()):
        label = ZimLabel(letter, path, path[::-1], is_front=media_type == "text/html")
        writer.add(label, media_type, len(data), [data[:9], data[9:]])
    for (letter, path), target in (redirects or {}).items():
        writer.redirect(ZimLabel(letter, path), *target)
    digest = writer.finish(None)
    assert digest == hashlib.sha256(file.getvalue()).hexdigest()
    return file.getvalue()


PATHS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
TYPES = st.sampled_from(["text/html", "text/plain", "image/png", "application/x-é", "video/mp4"])
CONTENTS = st.dictionaries(
    st.tuples(st.sampled_from("CMW"), PATHS), st.tuples(TYPES, st.binary(max_size=60)), min_size=1, max_size=20
)


@settings(max_examples=200, deadline=None)
@given(CONTENTS, st.lists(st.tuples(PATHS, st.integers(0, 30))), st.booleans())
def test_what_is_written_is_read(
    contents: dict[tuple[str, str], tuple[str, bytes]], leads: list[tuple[str, int]], old: bool
) -> None:
    keys = sorted(contents)
    redirects = {("C", path): keys[to % len(keys)] for path, to in leads if ("C", path) not in contents}
    data = written({(kind, *key): blob for key, (kind, blob) in contents.items()}, redirects, old)
    book = Zim(io.BytesIO(data), "a.zim")
    zim.inspect(io.BytesIO(data), "a.zim")
    assert book.has_old_namespaces is old
    found = [entry for entry in book.entries() if entry.namespace != "X"]
    assert [(each.namespace, each.path) for each in found] == sorted([*keys, *redirects])
    for entry in found:
        key = entry.namespace, entry.path
        if entry.redirect is not None:
            target = book.entry(entry.redirect)
            assert redirects[key] == (target.namespace, target.path)
        else:
            assert (entry.type, book.read(entry)) == contents[key]
            assert (entry.title or entry.path) == (entry.path[::-1] or entry.path)
    front = [key for key, (kind, _) in contents.items() if kind == "text/html"]
    if not old:
        assert sorted((e.namespace, e.path) for e in map(book.entry, book.front())) == sorted(front)


def large(count: int = 400, size: int = 20_000) -> dict[Key, bytes]:
    noise = hashlib.shake_128(b"seed").digest(size)
    return {("text/html", "C", f"{n:05}"): b"%d" % n + noise[n % 7 : size - n % 11] for n in range(count)}


def clusters(data: bytes) -> dict[int, tuple[list[str], bytes]]:
    """Return the entries and the bytes of each cluster."""
    book = Zim(io.BytesIO(data), "a.zim")
    found: dict[int, tuple[list[str], bytes]] = {}
    for each in book.by_cluster():
        raw = b"".join(book.raw_cluster(each.entry.cluster))
        found.setdefault(each.entry.cluster, ([], raw))[0].append(each.entry.path)
    return found


def test_the_same_contents_make_the_same_bytes() -> None:
    contents = large(100)
    assert written(contents) == written(dict(reversed(contents.items())))


def test_a_changed_entry_changes_few_clusters() -> None:
    old = large()
    new = old | {("text/html", "C", "00200"): b"new" * 5000, ("text/html", "C", "00300x"): b"added" * 900}
    before, after = ({raw for _, raw in clusters(written(each)).values()} for each in (old, new))
    assert 10 < len(after) < 30
    assert len(after - before) <= 6  # two that changed, at most two neighbours, and the list of pages


def test_clusters_are_cut_where_the_format_says() -> None:
    contents = large(150) | {
        ("text/html", "C", "00100x"): b"y" * (MOST_BYTES + 1),
        ("text/css", "C", "a.css"): b"{}",
        ("text/css", "C", "b.css"): b"{}",
        ("image/png", "C", "a.png"): b"png",
        ("image/png", "C", "b.png"): b"png",
    }
    found = list(clusters(written(contents)).values())
    paths = [paths for paths, _ in found]
    assert paths[:2] == [["a.png", "b.png"], ["a.css", "b.css"]]
    assert ["00100x"] in paths
    assert [raw[0] for _, raw in found] == [1, *[5] * (len(found) - 2), 1]
    assert max(len(each) for each in paths) * 20_000 <= MOST_BYTES


def test_larger_entries_are_likelier_to_end_a_cluster() -> None:
    for size in (300, 5_000, 80_000):
        cutter, count = Cutter(), 0
        for n in range(40_000_000 // size):
            count += cutter.begins("C", str(n), "text/html", size)
        assert 300_000 < 40_000_000 / count < 800_000


@pytest.mark.parametrize(
    ("media_type", "size", "compressed"),
    [
        ("text/html", 9, True), ("text/html; charset=utf-8", 9, True), ("image/svg+xml", 9, True),
        ("image/png", 9, False),
        ("IMAGE/PNG", 9, False), ("video/mp4", 9, False), ("application/pdf", 9, False), ("font/woff2", 9, False),
        ("application/json", 9, True), ("application/octet-stream", 9, True), ("text/html", 2**25, True),
        ("text/html", 2**25 + 1, False), ("application/vnd.oasis.opendocument.text", 9, False),
    ],
)  # fmt: skip
def test_what_is_compressed_already_stays_as_it_is(media_type: str, size: int, compressed: bool) -> None:
    assert is_compressed(media_type, size) is compressed


def copied(data: bytes) -> bytes:
    """Write a book again, every cluster copied."""
    book, file = Zim(io.BytesIO(data), "a.zim"), io.BytesIO()
    entries = [entry for entry in book.entries() if entry.namespace != "X"]
    writer = ZimWriter(file, "a.zim", BOOK_ID, {each.type for each in entries})
    for number, (paths, raw) in list(clusters(data).items())[:-1]:
        inside = [entry for entry in entries if entry.cluster == number and entry.path in paths]
        label = [ZimLabel(each.namespace, each.path, each.title, each.type == "text/html") for each in inside]
        sizes = [book.size_bytes(each) for each in inside]
        writer.copy_cluster(list(zip(label, [each.type for each in inside], sizes, strict=True)), raw)
    writer.finish(None)
    return file.getvalue()


def test_copied_clusters_make_the_same_book() -> None:
    data = written(large(150) | {("image/png", "C", "a.png"): b"png" * 99})
    assert copied(data) == data


def writer_of(*types: str) -> ZimWriter:
    return ZimWriter(io.BytesIO(), "a.zim", BOOK_ID, types or ("text/html",))


def add(writer: ZimWriter, path: str, data: bytes = b"x", media_type: str = "text/html", size: int = 1) -> ZimWriter:
    writer.add(ZimLabel("C", path), media_type, size, [data])
    return writer


def lead(writer: ZimWriter, *steps: str) -> ZimWriter:
    for one, other in itertools.pairwise(steps):
        writer.redirect(ZimLabel("C", one), "C", other)
    return writer


def copy(raw: bytes, *paths: str) -> ZimWriter:
    writer = writer_of()
    writer.copy_cluster([(ZimLabel("C", path), "text/html", 1) for path in paths], raw)
    return writer


ONE = next(iter(clusters(written({("text/html", "C", "a"): b"x"})).values()))[1]
CHAIN = [f"r{n}" for n in range(MOST_REDIRECTS + 1)]


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (
            lambda: add(add(writer_of(), "b"), "a"),
            "'C/a' can not be: 'text/html' was not told of, or it comes after 'b'",
        ),
        (lambda: add(add(writer_of(), "b"), "b"), "it comes after 'b'"),
        (lambda: add(writer_of(), "a", media_type="text/css"), "'text/css' was not told of"),
        (lambda: add(writer_of(), "a", b"xy"), "'C/a' can not be: it does not have 1 bytes"),
        (lambda: add(writer_of(), "a", b""), "it does not have 1 bytes"),
        (lambda: add(writer_of(), "a", b"x" * 9, size=MOST_BYTES), "it does not have 2097152 bytes"),
        (lambda: add(writer_of(), "a\0b"), "no entry can be called"),
        (lambda: add(writer_of(), "a\ud800"), "no entry can be called"),
        (lambda: add(writer_of(), "a" * 70_000), "no entry can be called"),
        (lambda: writer_of().redirect(ZimLabel("CC", "a"), "C", "b"), "no entry can be called"),
        (lambda: writer_of().redirect(ZimLabel("C", "a", "t\0"), "C", "b"), "no entry can be called"),
        (lambda: writer_of().redirect(ZimLabel("C", "a"), "é", "b"), "no entry can be called"),
        (lambda: writer_of("a\0b"), "its media types can not be"),
        (lambda: writer_of("a" * 70_000), "its media types can not be"),
        (lambda: writer_of().finish(None), "no entry is of the type 'text/html'"),
        (lambda: add(writer_of(), "a").finish(("C", "b")), "its first page 'C/b' is not there"),
        (lambda: lead(add(writer_of(), "a"), "b", "c").finish(None), "'C/b' can not be: it redirects to 'Cc'"),
        (lambda: lead(add(writer_of(), "a"), "b", "b").finish(None), "'C/b' can not be: its redirects come to no end"),
        (lambda: lead(add(writer_of(), "a"), "b", "c", "b").finish(None), "its redirects come to no end"),
        (lambda: lead(add(writer_of(), "a"), *CHAIN, "a").finish(None), "its redirects come to no end"),
        (lambda: lead(add(writer_of(), "a"), "a", "a").finish(None), "'C/a' can not be: there are two of them"),
        (lambda: copy(ONE, "a", "b"), "the cluster to copy is not that of these entries"),
        (lambda: copy(ONE[:1], "a"), "the cluster to copy is not that of these entries"),
        (lambda: copy(b"\1" + ONE[1:], "a"), "the cluster to copy is not that of these entries"),
        (lambda: add(copy(ONE, "a"), "b"), "'C/b' can not be: it belongs to the cluster that was copied"),
    ],
)
def test_what_can_not_be_a_book_is_refused(act: Callable[[], object], told: str) -> None:
    with pytest.raises(FormatError, match=r"^a\.zim: ") as refusal:
        act()
    assert told in refusal.value.message


def test_a_longest_chain_of_redirects_is_written_and_read() -> None:
    file = io.BytesIO()
    writer = lead(add(ZimWriter(file, "a.zim", BOOK_ID, ["text/html"]), "a"), *CHAIN[2:], "a")
    writer.finish(("C", CHAIN[2]))
    book = Zim(file, "a.zim")
    assert book.main is not None
    assert book.target(book.main).path == "a"


def test_a_large_book_takes_little_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.packs.zim_large", str(tmp_path / "large.zim"), "200000"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]).stdout
    peaks = dict(line.split() for line in out.splitlines())
    assert int(peaks["written"]) < 100_000
    assert int(peaks["read"]) < 100_000


def test_the_order_is_the_same_however_many_are_sorted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = large(50, 100)
    whole = written(contents)
    monkeypatch.setattr(zim_register, "PART", 7)
    assert written(contents) == whole


def test_offsets_are_wide_where_four_bytes_do_not_reach() -> None:
    assert zim_packing.head_of([2**32 - 9], False) == (1, (8).to_bytes(4, "little") + b"\xff" * 4, 2**32 - 1)
    first, table, total = zim_packing.head_of([2**32 - 8], False)
    assert (first, len(table), total) == (0x11, 16, 2**32 + 8)


def test_the_level_is_that_of_the_format() -> None:
    assert f"level {zim_packing.LEVEL}," in (Path(__file__).parents[2] / "docs" / "formats" / "zim.md").read_text()
