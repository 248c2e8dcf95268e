"""The power goes at any step of a sync, and what was not synced to the card is lost, by two models (README.md)."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kiosk.errors import TrustError
from tests.faults import tracing, verdict
from tests.faults.conftest import Stage, how_many, later_sync_ends_well, report
from tests.faults.crashes import Crashes, Image
from tests.faults.disk import Disk, Durable, Step
from tests.faults.recording import Recorder
from tests.faults.scene import Kiosk
from tests.faults.verdict import Broken, Rows

DATABASE = ("kiosk.sqlite3", "kiosk.sqlite3-wal")
INDEXES = "indexes"
IN_MEMORY = "kiosk.sqlite3-shm"
"""Written through memory, seen by no call; SQLite makes it anew when no process is at the database."""


@dataclass
class Played:
    """A sync that was recorded: the disk before, the steps, the disk after."""

    start: Disk
    steps: list[Step]
    end: Disk


@dataclass
class Judge:
    """Judges images by what they hold; the database is looked at by SQLite itself, each content of it once."""

    stage: Stage
    scratch: Path
    _rows: dict[bytes, Rows | Broken] = field(default_factory=dict)
    _hashes: dict[bytes, str] = field(default_factory=dict)

    def served(self, image: Image) -> int:
        """Return the version that the image serves, 0 for none.

        Raises:
            Broken: it serves something that is no version, or not whole.
        """
        link = image.find("current")
        if link is None:
            return 0
        folder = image.links[link]
        found = {path: self._told(image, inode) for path, inode in image.below(folder).items()}
        for version, known in self.stage.known.items():
            if known.tree == found:
                if self._rows_of(image, int(folder.rpartition("/")[2])) != known.rows:
                    raise Broken(f"{folder} has the files of version {version}, but not its rows")
                return version
        raise Broken(f"{folder} is no known version: {sorted(found.items() ^ self.stage.known[2].tree.items())[:6]}")

    def _told(self, image: Image, inode: int) -> str:
        if inode in image.links:
            return f"-> {image.links[inode]}"
        return self._hash(image.files[inode]) if inode in image.files else "empty"

    def _hash(self, data: bytes) -> str:
        if data not in self._hashes:
            self._hashes[data] = hashlib.sha256(data).hexdigest()
        return self._hashes[data]

    def _rows_of(self, image: Image, number: int) -> Rows:
        found = {name: image.files[inode] for name in DATABASE if (inode := image.find(name)) is not None}
        key = hashlib.sha256(repr((number, sorted((n, self._hash(d)) for n, d in found.items()))).encode()).digest()
        if key not in self._rows:
            for name in (*DATABASE, IN_MEMORY):
                (self.scratch / name).unlink(missing_ok=True)
            for name, data in found.items():
                (self.scratch / name).write_bytes(data)
            try:
                self._rows[key] = verdict.rows(self.scratch / DATABASE[0], number)
            except Broken as error:
                self._rows[key] = error
        rows = self._rows[key]
        if isinstance(rows, Broken):
            raise rows
        return rows


def put(image: Image, kiosk: Kiosk) -> None:
    """Make a kiosk's state folder what an image says."""
    shutil.rmtree(kiosk.state, ignore_errors=True)
    kiosk.state.mkdir()
    made: dict[int, Path] = {}
    for path, inode in image.paths.items():
        target = kiosk.state / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if inode in image.links:
            target.symlink_to(image.links[inode])
        elif inode not in image.files:
            target.mkdir()
        elif inode in made:
            target.hardlink_to(made[inode])
        else:
            target.write_bytes(image.files[inode])
            made[inode] = target


def play(stage: Stage, path: str, version: int) -> Played:
    """Record a sync of a kiosk that came by `path`, and hold that the steps make up what it really left."""
    with stage.copy(path, version) as kiosk:
        start, live, end = Disk(), Disk(), Disk()
        kiosk.state.mkdir(exist_ok=True)
        for disk in (start, live):
            disk.load(kiosk.state)
        log = stage.fresh_folder() / "log"
        with stage.warm() as warm:
            code, told = warm.run(kiosk.sync(), tracing.recording(log))
        assert code == 0, told
        steps = list(Recorder(kiosk.state, live).steps(log))
        end.load(kiosk.state)
        assert _shape(live) == _shape(end)
        return Played(start, steps, live)


def _shape(disk: Disk) -> dict[str, tuple[bytes | str | None, str]]:
    # Path -> content and the first path that has the same inode. Indexes are made by a process of its own, which is
    # not traced: tests/store/test_book_index.py ends that one.
    image = Image(0, "", disk.folders, disk.files, disk.links)
    first = {inode: path for path, inode in sorted(image.paths.items(), reverse=True)}
    return {
        path: (disk.files.get(inode, disk.links.get(inode)), first[inode])
        for path, inode in image.paths.items()
        if path != IN_MEMORY and path.partition("/")[0] != INDEXES
    }


@dataclass
class Replayed:
    """The different states that a replay found, with what each serves; and what was wrong."""

    tried: int = 0
    served: dict[bytes, tuple[Image, int]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def replay(stage: Stage, played: Played, version: int, moments: Sequence[int]) -> Replayed:
    """Let the power go at the moments, and judge every state that may be found."""
    crashes = Crashes(played.start, played.steps, played.end)
    judge, found = Judge(stage, stage.fresh_folder()), Replayed()
    for after in moments:
        for image in crashes.images(after):
            found.tried += 1
            try:
                serves = judge.served(image) if image.key not in found.served else found.served[image.key][1]
                assert serves in (version - 1, version), f"version {serves} is served"
                assert after < len(played.steps) or serves == version, "the sync had ended well, and the old is served"
                found.served.setdefault(image.key, (image, serves))
            except AssertionError as error:
                found.wrong.append(f"after {after} ({image.model}): {error}")
    return found


@pytest.fixture(scope="module", params=[("", 1), ("1", 2)], ids=["first-install", "update"])
def played(stage: Stage, request: pytest.FixtureRequest) -> tuple[str, int, Played]:
    path, version = request.param
    return path, version, play(stage, path, version)


def test_whatever_was_not_synced_is_lost(stage: Stage, played: tuple[str, int, Played]) -> None:
    path, version, sync = played
    moments = tracing.spread(range(len(sync.steps) + 1), how_many(len(sync.steps) + 1))
    found = replay(stage, sync, version, moments)
    new = sum(serves == version for _, serves in found.served.values())
    report(
        f"sync to {version}, power cut after {len(moments)} of {len(sync.steps)} steps: {found.tried} states, "
        f"{len(found.served)} different, {len(found.served) - new} old, {new} new, {len(found.wrong)} wrong"
    )
    assert not found.wrong, "\n".join(found.wrong[:20])
    assert new

    def judge(case: tuple[Image, int]) -> None:
        image, serves = case
        with stage.copy(path, version) as kiosk:
            put(image, kiosk)
            assert verdict.served(kiosk, stage.known) == serves
            if serves == version:  # not even TUF's own files, torn as they may be, let an older repository pass
                kiosk.follow(stage.scene.mirror(version - 1))
                with stage.warm() as warm:
                    code, told = warm.run(kiosk.sync())
                assert code == TrustError.exit_code, told
            later_sync_ends_well(stage, kiosk, version, (f"{path}{version}",))

    some = tracing.spread(list(found.served.values()), how_many(len(found.served)) // 2)
    wrong = stage.each(some, judge)
    report(f"sync to {version}, synced again from {len(some)} of these states: {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong[:20])


def test_the_replay_would_notice_files_that_are_not_synced(stage: Stage, played: tuple[str, int, Played]) -> None:
    _, version, sync = played
    database = {sync.end.find(name) for name in DATABASE} | {None}
    careless = [step for step in sync.steps if not isinstance(step, Durable) or step.inode in database - {None}]
    found = replay(stage, Played(sync.start, careless, sync.end), version, [len(careless)])
    assert any("is no known version" in wrong for wrong in found.wrong)
