"""Editions of a book, made with the real zimwriterfs, and what the ZIMs of both sides hold, to be compared."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

from PIL import Image

from kiosk.host import zim_tools
from kiosk.packs import book
from kiosk.packs.zim_reader import Zim
from tests.making import recipe, write_recipe

WORDS = ("maize", "bean", "water", "soil", "seed", "market", "price", "member", "meeting", "share", "profit", "minute")


def pages(number: int, changed: Collection[int] = (), more: int = 0) -> dict[str, str]:
    """Return pages of a manual by name; those of `changed` say one more thing, and `more` are new."""
    found = {}
    for page in range(number + more):
        chance = random.Random(page)
        text = " ".join(chance.choices(WORDS, k=1500))
        news = "<p>This is new in this edition.</p>" if page in changed else ""
        links = f'<a href="page-{(page + 1) % number:04}.html">next</a>'
        found[f"page-{page:04}.html"] = (
            f"<html><head><title>Page {page}</title></head><body>{news}<p>{text}</p>{links}</body></html>"
        )
    return found


def write_zim(folder: Path, out: Path, found: dict[str, str]) -> Path:
    """Write a book of pages, with a picture and a style sheet."""
    folder.mkdir(parents=True)
    for name, text in found.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "style.css").write_text("body { margin: 1em }\n" * 20, encoding="utf-8")
    dots = random.Random(0).randbytes(48 * 48 * 3)
    cover = folder.with_suffix(".png")
    Image.frombytes("RGB", (48, 48), dots).save(cover)
    labels = zim_tools.BookLabels("manual", "page-0000.html", "A manual", "A manual of the tests.", "en", "Tests")
    zim_tools.write_book(folder, cover, labels, out)
    return out


def write_book_recipe(folder: Path, zims: Sequence[Path], version: int) -> Path:
    """Write a recipe whose books are delivered entry by entry, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for number, zim in enumerate(zims):
        target = folder / f"manual-{number}.zim"
        target.unlink(missing_ok=True)
        shutil.copy(zim, target)
        labels = {"title": "A manual", "summary": "About maize.", "zim": target.name}
        name = f"manual-{number}" if number else "manual"
        items.append({"id": name, "kind": "book", "subject": "farming", "translations": {"en": labels}})
    write_recipe(folder, recipe() | {"pack": "manual", "version": version, "items": items})
    return folder


def contents(path: Path) -> dict[str, tuple[str, str, str]]:
    """Return what every entry of a ZIM is but the lists and indexes: its type, title, and hash or where it leads."""
    found = {}
    with path.open("rb") as file:
        zim = Zim(file, str(path))
        for entry in zim.entries():
            name = book.path(entry.namespace, entry.path)
            if book.is_left_out(name):
                continue
            if entry.redirect is None:
                told = hashlib.sha256(zim.read(entry)).hexdigest()
            else:
                told = zim.entry(entry.redirect).path
            found[name] = entry.type, entry.title, told
    return found
