"""What is still to fetch after a cut is told without what lies on the card already, route or media."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from kiosk.errors import MirrorError
from kiosk.publish.build import build
from kiosk.sync import outstanding
from kiosk.sync.agent import Agent
from tests.making import CHANNEL, FolderMirror, Village, book_recipe, no_books, zim_bytes
from tests.sync.cuts import noted_room

MEDIUM = 3_000_000


@dataclass
class Breaking(FolderMirror):
    """Breaks off within each blob that is larger than `most`, at that byte."""

    most: int = 1_000_000

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        most = self.most if path.startswith("blobs/") else 10**9
        for piece in super().read(path, start, end):
            yield piece[: max(0, most - start)]
            if start + len(piece) > most:
                raise MirrorError("it broke off")


def release(village: Village, version: int, seed: int, size_bytes: int = MEDIUM) -> None:
    """Release a version of a book that is taken as it is."""
    folder = book_recipe(village.folder / "recipe", zim_bytes(random.Random(seed).randbytes(size_bytes)))
    text = (folder / "pack.yaml").read_text()
    (folder / "pack.yaml").write_text(text.replace("version: 1\n", f"version: {version}\n"))
    village.repository.release([build(folder, village.folder / "built", no_books)], CHANNEL)


def cut(village: Village, most: int) -> None:
    broken = Breaking(village.repository.folder, most=most)
    with pytest.raises(MirrorError):
        Agent(village.config, [broken], village.clock, wait=lambda seconds: None).run()


def left(village: Village) -> int:
    return outstanding.bytes_to_fetch(village.state, village.agent().offer().plan.steps)


@pytest.mark.parametrize("version", [1, 2], ids=["first", "update"])
def test_what_came_of_a_medium_before_a_cut_is_not_told_again(
    village: Village, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in range(1, version):
        release(village, each, each)
        village.agent().run()
    release(village, version, version)
    assert left(village) > MEDIUM
    cut(village, 1_000_000)
    assert MEDIUM - 1_100_000 < left(village) < MEDIUM - 900_000
    told = noted_room(monkeypatch)
    village.agent().run()
    assert told[0].parts_bytes < MEDIUM - 900_000
    assert left(village) == 0


def test_what_came_of_a_route_before_a_cut_is_not_told_again(village: Village) -> None:
    village.release()
    step = village.agent().offer().plan.steps[0]
    whole = outstanding.of_step(village.state, step)
    assert whole == step.route.download_bytes
    cut(village, 400)
    assert outstanding.of_step(village.state, step) == whole - 400
    (village.state.parts / f"{step.route.blobs[0].sha256}.part").write_bytes(bytes(10**6))
    assert outstanding.of_step(village.state, step) == 0, "what is too long counts against no other pack"


def test_a_whole_route_that_the_card_spoiled_leaves_the_media_to_come(village: Village) -> None:
    release(village, 1, 1)
    step = village.agent().offer().plan.steps[0]
    for blob in step.route.blobs:
        (village.state.parts / blob.sha256).write_bytes(bytes(blob.size_bytes))
    assert outstanding.of_step(village.state, step) == step.route.media_bytes
