"""Writes a book in canonical form anew, copying nothing: python -m tests.benchmarks.books.writing IN OUT.

Prints how many bytes its entries have.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from kiosk.packs import book
from kiosk.packs.zim_entries import ZimEntry
from kiosk.packs.zim_reader import Zim
from kiosk.packs.zim_register import ZimLabel
from kiosk.packs.zim_writer import ZimWriter


def write(source: Path, out: Path) -> int:
    """Write the canonical form of a book that is in that form already; return how many bytes its entries have."""
    with source.open("rb") as file, out.open("w+b") as target:
        zim = Zim(file, source.name)
        types = {each.type for each in _kept(zim) if each.redirect is None}
        writer = ZimWriter(target, out.name, zim.header.uuid, types, old_namespaces=zim.has_old_namespaces)
        front, total = bytearray(len(zim)), 0
        for number in zim.front():
            front[number] = 1
        for found in zim.by_cluster():
            entry = found.entry
            if not book.is_left_out(book.path(entry.namespace, entry.path)):
                label = ZimLabel(entry.namespace, entry.path, entry.title, bool(front[entry.number]))
                writer.add(label, entry.type, found.size_bytes, found.pieces)
                total += found.size_bytes
        for entry in _kept(zim):
            if entry.redirect is not None:
                to = zim.entry(entry.redirect)
                label = ZimLabel(entry.namespace, entry.path, entry.title, bool(front[entry.number]))
                writer.redirect(label, to.namespace, to.path)
        writer.finish((zim.main.namespace, zim.main.path) if zim.main else None)
    return total


def _kept(zim: Zim) -> Iterator[ZimEntry]:
    return (each for each in zim.entries() if not book.is_left_out(book.path(each.namespace, each.path)))


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), Path(sys.argv[2])))
