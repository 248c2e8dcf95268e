"""The kiosk's walk beside the `tuf` library's own client, on the same repositories, honest and not.

Both see a long random history: releases, rotations, roll-backs, thieves, expiry, files mixed, cut and left out. After
each step they must have come to the same end, and trust the same version of every role.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from kiosk.errors import KioskError
from kiosk.store import db
from tests.conformance.client import Client, init
from tests.making import MovableClock
from tests.sync.federation import Federation, MemoryMirror, key

ROLES = ("timestamp", "snapshot", "targets", "stable")
STEPS = 25


class FromFiles(FetcherInterface):
    def __init__(self, files: dict[str, bytes]) -> None:
        self._files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        if url not in self._files:
            raise DownloadHTTPError(url, 404)
        yield self._files[url]


class Pair:
    """The two clients, each with a folder of its own."""

    def __init__(self, folder: Path, federation: Federation, conn: db.Connection) -> None:
        self.federation, self.conn = federation, conn
        self.ours, self.theirs = folder / "ours", folder / "theirs"
        self.anchor = federation.anchor()
        (folder / "root.json").write_bytes(self.anchor)
        init(self.ours, folder / "root.json")
        self.theirs.mkdir()

    def ours_ends_well(self, files: dict[str, bytes]) -> bool:
        client = Client(self.ours, MemoryMirror(files), self.conn, self.federation.clock.now)
        try:
            client.walk.top()
            client.find("stable/members.json")
        except KioskError:
            return False
        finally:
            client.keep()
        return True

    def theirs_ends_well(self, files: dict[str, bytes]) -> bool:
        fetcher, config = FromFiles(files), UpdaterConfig()
        updater = Updater(str(self.theirs), "metadata/", fetcher=fetcher, config=config, bootstrap=self.anchor)
        updater._trusted_set.reference_time = self.federation.clock.now
        try:
            updater.refresh()
            return updater.get_targetinfo("stable/members.json") is not None
        except (RepositoryError, DownloadError):
            return False

    @staticmethod
    def trusted(folder: Path) -> dict[str, int]:
        return {path.stem: Metadata.from_bytes(path.read_bytes()).signed.version for path in folder.glob("*.json")}


def release(federation: Federation, chance: random.Random) -> None:
    federation.release("stable", "members", chance.randrange(1, 99))


def resign(federation: Federation, chance: random.Random) -> None:
    federation.publish(*chance.sample(("targets", "stable"), chance.randrange(3)))


def rotate(federation: Federation, chance: random.Random) -> None:
    role = chance.choice(("timestamp", "snapshot", "targets"))
    names = [f"{role}-{number}" for number in range(4)]
    federation.name_keys(role, [key(name) for name in chance.sample(names, 2)], chance.choice((1, 1, 2)))
    federation.rotate()
    if chance.random() < 0.8:
        federation.publish("targets", "stable")


def rotate_root(federation: Federation, chance: random.Random) -> None:
    names = chance.sample([f"root-{number}" for number in range(1, 5)], 2)
    federation.name_keys("root", [key(name) for name in names], chance.choice((1, 2)))
    federation.rotate()


def rotate_channel(federation: Federation, chance: random.Random) -> None:
    federation.delegate("stable", [key(f"stable-{chance.randrange(3)}")])
    federation.publish("targets", *(["stable"] if chance.random() < 0.7 else []))


def go_back(federation: Federation, chance: random.Random) -> None:
    """Sign older versions as if nothing had been: a mistake, or a thief of all keys."""
    federation.number = max(0, federation.number - chance.randrange(3))
    for role in chance.sample(("targets", "stable"), 1):
        federation.versions[role] = max(1, federation.versions[role] - chance.randrange(3))
    federation.publish(*chance.sample(("targets", "stable"), 1))


def steal(federation: Federation, chance: random.Random) -> None:
    federation.publish("targets", "stable")
    federation.write(chance.choice(ROLES), [key("thief")])


def expire(federation: Federation, chance: random.Random) -> None:
    role = chance.choice(("timestamp", "snapshot", "targets", "stable", "root"))
    if role == "root":
        federation.rotate(timedelta(0))
        return
    federation.publish("targets", "stable")
    federation.roles[role].expires = federation.clock()
    federation.write(role)


def wait(federation: Federation, chance: random.Random) -> None:
    federation.clock.forward(days=chance.choice((1, 30, 95)))


HONEST = (release, release, resign, rotate, rotate_root, rotate_channel)
OTHER: tuple[Callable[[Federation, random.Random], None], ...] = (go_back, steal, expire, wait)


def spoiled(files: dict[str, bytes], old: dict[str, bytes], chance: random.Random) -> dict[str, bytes]:
    """Return what a mirror makes of the files."""
    newest = [path for path in files if path.startswith("metadata/")][-8:]
    path = chance.choice([*newest, "metadata/timestamp.json"])
    what = chance.choice(("nothing", "nothing", "old", "gone", "cut", "mixed"))
    if what == "old":
        return old
    if what == "gone":
        return {name: data for name, data in files.items() if name != path}
    if what == "cut":
        return files | {path: files[path][:-9]}
    if what == "mixed":
        same = [name for name in files if name.split(".")[1:] == path.split(".")[1:]]
        return files | {path: files[chance.choice(same)]}
    return files


@pytest.mark.parametrize("seed", range(30))
def test_both_come_to_the_same_end(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    federation = Federation(MovableClock())
    federation.release("stable", "members", 1)
    ends = {True: 0, False: 0}
    with closing(db.connect(tmp_path / "kiosk.sqlite3")) as conn:
        pair = Pair(tmp_path, federation, conn)
        histories = [dict(federation.files)]
        for step in range(STEPS):
            act = chance.choice(HONEST + OTHER)
            act(federation, chance)
            files = spoiled(federation.files, chance.choice(histories), chance)
            end = pair.theirs_ends_well(files)
            assert pair.ours_ends_well(files) == end, f"step {step}: {act.__name__}"
            theirs = pair.trusted(pair.theirs)
            assert pair.trusted(pair.ours) == theirs, f"step {step}: {act.__name__}"
            ends[end] += 1
            histories.append(dict(federation.files))
    assert ends[True] + ends[False] == STEPS
