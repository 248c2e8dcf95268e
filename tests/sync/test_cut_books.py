"""A sync of a book that is cut goes on: nothing is fetched twice, and the card needs what was told beforehand."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.sync import install, stage
from kiosk.sync.books import Books
from kiosk.sync.objects import Drafts
from tests.sync.book_editions import contents, pages
from tests.sync.cuts import cut_within, noted_room
from tests.sync.test_books import Publisher, of_zim, publisher, sha256

__all__ = ["publisher"]
NUMBER = 120


def blobs(asked: list[str]) -> list[str]:
    return sorted(path for path in asked if path.startswith("blobs/"))


@pytest.mark.parametrize("edition", [1, 2], ids=["first install", "patch"])
@pytest.mark.parametrize("at", ["writing", "settling"])
def test_what_was_fetched_before_a_cut_is_not_fetched_again(publisher: Publisher, edition: int, at: str) -> None:
    zim, built = publisher.release(pages(NUMBER))
    if edition == 2:
        publisher.village.agent().run()
        zim, built = publisher.release(pages(NUMBER, changed={7}))
    mirror = publisher.village.mirror
    mirror.asked.clear()
    owner, name = (Books, "finish") if at == "writing" else (Drafts, "settle")
    cut_within(owner, name, publisher.village.agent().run)
    assert blobs(mirror.asked)
    mirror.asked.clear()
    publisher.village.agent().run()
    assert blobs(mirror.asked) == []
    assert contents(publisher.installed) == contents(zim)
    assert sha256(publisher.installed) == of_zim(built)["sha256"]


def files(folder: Path) -> Iterator[os.stat_result]:
    """Yield what is on the card, each file once, and what this process has open there without a name."""
    open_ = list(Path("/proc/self/fd").iterdir())
    device, seen = folder.stat().st_dev, set[int]()
    for path in (*folder.rglob("*"), *open_):
        try:
            found = path.lstat() if path.is_relative_to(folder) else path.stat()
        except OSError:
            continue
        nameless = found.st_nlink == 0
        if not stat.S_ISREG(found.st_mode) or found.st_dev != device or found.st_ino in seen:
            continue
        if path.is_relative_to(folder) or nameless:
            seen.add(found.st_ino)
            yield found


def on_card(folder: Path) -> int:
    return sum(found.st_size for found in files(folder))


@pytest.mark.parametrize("edition", [1, 2], ids=["first install", "patch"])
def test_a_sync_takes_the_room_that_was_told_and_little_more(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, edition: int
) -> None:
    publisher.release(pages(NUMBER))
    if edition == 2:
        publisher.village.agent().run()
        publisher.release(pages(NUMBER, changed={7}))
    folder, most = publisher.village.state.folder, [0]

    def noted(owner: object, name: str) -> None:
        act = getattr(owner, name)

        def wrapped(*given: object, **named: object) -> object:
            most[0] = max(most[0], on_card(folder))
            done = act(*given, **named)
            most[0] = max(most[0], on_card(folder))
            return done

        monkeypatch.setattr(owner, name, wrapped)

    for owner, name in ((Books, "finish"), (Drafts, "settle"), (stage, "_check"), (install, "assemble")):
        noted(owner, name)
    publisher.village.state.prepare()
    before, told = on_card(folder), noted_room(monkeypatch)
    publisher.village.agent().run()
    assert told[0].card_bytes < most[0] - before + 200_000, "nothing was measured"
    assert most[0] - before < told[0].card_bytes + 1_500_000, (
        "the database, its log and the listing, for a book of any size"
    )
