"""Killed at each system call of `kiosk repo release`: kiosks see the old repository or the new, and again it works."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from kiosk.clock import system_clock
from kiosk.publish.repository import Repository
from tests.faults import tracing, verdict
from tests.faults.conftest import KILLED, WORKERS, Stage, how_many, report
from tests.faults.tracing import Point
from tests.making import CHANNEL

OLD, NEW = 1, 2
TRIALS = count()


@contextmanager
def repository_copy(stage: Stage) -> Iterator[Path]:
    """Lend a copy of the repository as it was before the release, where the server finds it."""
    folder = stage.scene.folder / f"trial-{next(TRIALS)}"
    shutil.copytree(stage.scene.repository(OLD), folder)
    yield folder
    shutil.rmtree(folder)


def release(stage: Stage, folder: Path) -> tuple[str, ...]:
    """Return the command that releases the new versions."""
    built = [str(each.folder) for each in stage.scene.built[NEW]]
    return ("repo", "release", str(folder), *built, "--keys", str(stage.scene.folder / "keys"), "--channel", CHANNEL)


def seen(stage: Stage, folder: Path, path: str) -> int:
    """Return what a kiosk that came by `path` serves after a sync with the repository, which must be in order."""
    faults = list(Repository(folder, Path(), system_clock).verify())
    assert not faults, faults
    with stage.copy(path, OLD) as kiosk:
        kiosk.follow(f"{stage.scene.url}/{folder.name}")
        stage.sync(kiosk)
        return verdict.served(kiosk, stage.known)


def published(folder: Path) -> verdict.Tree:
    """Return the files that may never change once they are there."""
    found = verdict.tree(folder).items()
    may = (".drafts/", "metadata/unsigned/", "metadata/timestamp.json")
    return {path: told for path, told in found if told != "empty" and not path.startswith(may)}


def _numberless(paths: set[str]) -> set[str]:
    # A number that a cut has used up is left out, so the numbers of metadata may differ; prune removes what it left.
    return {re.sub(r"^metadata/\d+\.", "metadata/N.", path) for path in paths}


def test_a_killed_release_is_the_old_repository_or_the_new(stage: Stage) -> None:
    log = stage.fresh_folder() / "log"
    for _ in range(WORKERS + 1):  # each interpreter once, so that none has anything to import in what follows
        with repository_copy(stage) as folder:
            with stage.warm() as warm:
                code, told = warm.run(release(stage, folder), tracing.watching(log))
            assert not code, told
            found = tracing.points(log, folder)
            undisturbed = set(verdict.tree(folder))
    chosen = tracing.spread(found, how_many(2 * len(found)) // 2)
    kiosks: list[int] = []

    def judge(point: Point) -> str | None:
        with repository_copy(stage) as folder:
            with stage.warm() as warm:
                code, told = warm.run(release(stage, folder), tracing.tampering(point, "signal=KILL"))
            if code != KILLED:
                return f"was not killed: {code} {told}"
            kiosks.append(seen(stage, folder, "1"))
            before = published(folder)
            with stage.warm() as warm:
                code, told = warm.run(release(stage, folder))
            if code:
                return f"again it ends with {code}: {told}"
            if seen(stage, folder, "") != NEW or seen(stage, folder, "1") != NEW:
                return "the new is not there"
            if litter := sorted(_numberless(set(verdict.tree(folder))) ^ _numberless(undisturbed)):
                return f"litter: {litter}"
            after = published(folder)
            changed = [path for path, told in before.items() if "/." not in path and after.get(path) != told]
            return f"changed in place: {changed}" if changed else None

    wrong = stage.each(chosen, judge)
    old, new = kiosks.count(OLD), kiosks.count(NEW)
    report(f"release, killed at {len(chosen)} of {len(found)} calls: {old} old, {new} new, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong[:20])
    assert old
    assert new
