"""Who builds or weighs a pack with a book is told how far it is, within the book too."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from kiosk.publish.build import build
from kiosk.publish.lint_costs import costs
from tests.making import no_books
from tests.sync.book_editions import pages, write_book_recipe, write_zim


def test_a_book_is_told_from_its_reading_to_its_end(tmp_path: Path) -> None:
    zim = write_zim(tmp_path / "pages", tmp_path / "book.zim", pages(30))
    folder = write_book_recipe(tmp_path / "recipe", [zim], 1)
    told: list[tuple[str, int, int]] = []
    built = build(folder, tmp_path / "built", no_books, lambda *each: told.append(each))
    assert [what for what, _ in groupby(told, lambda each: each[0])] == [
        "manual (en)", "packing manual-0.zim", "compressing it",
    ]  # fmt: skip
    within = [done / total for what, done, total in told if what == "packing manual-0.zim"]
    assert within == sorted(within)
    assert (within[0], within[-1] >= 0.5) == (0, True)
    assert within[-1] < 1
    weighed: list[str] = []
    costs(folder, built.folder, no_books, None, lambda what, done, total: weighed.append(what))
    assert [what for what, _ in groupby(weighed)][-3:] == ["unpacking both", "making the patch", "weighing entries"]
