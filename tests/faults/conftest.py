"""The stage that the tests of faults share: a federation with its server, and kiosks before and after each release."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

import pytest

from tests import figures
from tests.faults import scene as scenes
from tests.faults import tracing, verdict
from tests.faults.scene import Kiosk, Scene
from tests.faults.serving import Server, serving
from tests.faults.tracing import Point
from tests.faults.warm import Warm

POINTS = os.environ.get("FAULT_POINTS", "60")
"""How many points each test tries, `all` for every one."""
WORKERS = 2
KILLED = -9
"""The exit code of a process that SIGKILL ended."""
MEMORY = Path("/dev/shm")

Case = TypeVar("Case")


class Stage:
    """The scene, a folder for what is tried, kiosks that were never disturbed, and what each version must serve."""

    def __init__(self, folder: Path, scene: Scene, server: Server) -> None:
        self.scene = scene
        self.server = server
        self._folder = folder
        self._numbers = count()
        self._idle: SimpleQueue[Warm] = SimpleQueue()
        self._warm = [Warm(self.fresh_folder()) for _ in range(WORKERS)]
        for each in self._warm:
            self._idle.put(each)
        self.kiosks: dict[str, Kiosk] = {"": scene.kiosk(self.fresh_folder() / "kiosk")}
        for path in ("1", "12", "2", "13", "123"):
            self.kiosks[path] = self._moved_on(path)
        self.known = {int(path[-1]): self._content(path) for path in ("1", "2", "13")}

    def fresh_folder(self) -> Path:
        """Make an empty folder."""
        path = self._folder / f"{next(self._numbers)}"
        path.mkdir()
        return path

    @contextmanager
    def warm(self) -> Iterator[Warm]:
        """Lend a warm interpreter that nobody else uses."""
        mine = self._idle.get()
        try:
            yield mine
        finally:
            self._idle.put(mine)

    @contextmanager
    def copy(self, path: str, version: int) -> Iterator[Kiosk]:
        """Lend a copy of a kiosk that has come by the versions of `path` and is now to follow release `version`."""
        folder = self.fresh_folder()
        kiosk = self.kiosks[path].copy(folder / "kiosk")
        kiosk.follow(self.scene.mirror(version))
        yield kiosk
        shutil.rmtree(folder)  # stays for a look when the test fails

    def sync(self, kiosk: Kiosk) -> str:
        """Sync a kiosk undisturbed and return what was printed; it must end well."""
        with self.warm() as warm:
            code, told = warm.run(kiosk.sync())
        assert code == 0, told
        return told

    def each(self, cases: list[Case], judge: Callable[[Case], str | None], workers: int = WORKERS) -> list[str]:
        """Judge all cases, some at a time; return what was wrong with which."""

        def guarded(case: Case) -> str | None:
            try:
                wrong = judge(case)
            except AssertionError as error:
                wrong = str(error)
            return f"{case}: {wrong}" if wrong else None

        with ThreadPoolExecutor(workers) as pool:
            return [wrong for wrong in pool.map(guarded, cases) if wrong]

    def close(self) -> None:
        """End the warm interpreters."""
        for each in self._warm:
            each.close()

    def _moved_on(self, path: str) -> Kiosk:
        kiosk = self.kiosks[path[:-1]].copy(self.fresh_folder() / "kiosk")
        kiosk.follow(self.scene.mirror(int(path[-1])))
        self.sync(kiosk)
        return kiosk

    def _content(self, path: str) -> verdict.Content:
        found = verdict.content(self.kiosks[path])
        assert found
        return found


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    # In memory if there is some: what is tried here does not depend on the card, and a card would wear.
    folder = Path(tempfile.mkdtemp(prefix="kiosk-faults-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    (folder / "federation").mkdir()
    try:
        with (
            serving(folder / "federation") as server,
            closing(Stage(folder, scenes.make(folder / "federation", server.url), server)) as stage,
        ):
            yield stage
    finally:
        shutil.rmtree(folder)


def logged(stage: Stage, path: str, version: int) -> list[Point]:
    """Return the points of a sync that moves a kiosk which came by `path` to a version."""
    log = stage.fresh_folder() / "log"
    for _ in range(WORKERS + 1):  # each interpreter once, so that none has anything to import in what follows
        with stage.copy(path, version) as kiosk, stage.warm() as warm:
            code, told = warm.run(kiosk.sync(), tracing.watching(log))
            assert code == 0, told
            found = tracing.points(log, kiosk.state)
    return found


def later_sync_ends_well(stage: Stage, kiosk: Kiosk, version: int, undisturbed: tuple[str, ...]) -> None:
    """Sync again; the version must be served, and nothing more be there than with one of the undisturbed kiosks."""
    kiosk.follow(stage.scene.mirror(version))
    stage.sync(kiosk)
    assert verdict.served(kiosk, stage.known) == version
    found = [verdict.litter(kiosk, stage.kiosks[path]) for path in undisturbed]
    assert [] in found, f"litter: {min(found, key=len)[:5]}"


def how_many(there_are: int) -> int:
    """Return how many of the points there are to try."""
    return there_are if POINTS == "all" else min(there_are, int(POINTS))


def report(line: str) -> None:
    """Have a line in the summary at the end of the run."""
    figures.tell(f"faults: {line}")
