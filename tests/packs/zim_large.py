"""Writes a large book and reads it, and tells how much memory that took: python -m tests.packs.zim_large FILE COUNT.

Prints "written" and "read", each with the peak of the whole process up to then, in KiB.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from uuid import UUID

from kiosk.packs.zim_reader import Zim
from kiosk.packs.zim_register import ZimLabel
from kiosk.packs.zim_writer import ZimWriter


def peak_kib() -> str:
    return Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]


def write(path: Path, count: int) -> None:
    with path.open("w+b") as file:
        writer = ZimWriter(file, path.name, UUID(int=7), ["text/html"])
        for number in range(count):
            data = b"<p>%s</p>" % hashlib.sha256(b"%d" % number).hexdigest().encode() * 8
            label = ZimLabel("C", f"dictionary/words/{number:07}.html", f"Word {number}", is_front=True)
            writer.add(label, "text/html", len(data), [data])
            if not number % 4:
                old = ZimLabel("C", f"dictionary/old/{number:07}.html", f"Old {number}", is_front=True)
                writer.redirect(old, "C", label.path)
        writer.finish(None)


def read(path: Path) -> None:
    with path.open("rb") as file:
        book = Zim(file, path.name)
        assert sum(1 for _ in book.front()) == len(book) - 1
        assert sum(len(each) for content in book.by_cluster() for each in content.pieces)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
    print("written", peak_kib())
    read(Path(sys.argv[1]))
    print("read", peak_kib())
