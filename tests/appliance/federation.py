"""A federation for the kiosks of the rig: keys, packs with a real book, releases, and its repository over HTTP."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.appliance.running import ENVIRONMENT, end, run, until

KIOSK = Path(sys.executable).with_name("kiosk")
RECIPES = Path(__file__).parents[2] / "content-packs"
FIRST = ("farming-handbook", "running-a-cooperative", "model-papers")
"""The packs of the first release: a book, a course and papers."""
PORT = 8970


@dataclass(frozen=True)
class Federation:
    """A federation in a folder: `keys`, `recipes`, `repository`."""

    folder: Path

    @property
    def repository(self) -> Path:
        """What it publishes."""
        return self.folder / "repository"

    @property
    def root_of_trust(self) -> Path:
        """The file that a kiosk gets from someone it trusts."""
        return self.repository / "metadata" / "1.root.json"

    def found(self) -> None:
        """Make keys, and the first release."""
        self.folder.mkdir(parents=True)
        run(KIOSK, "repo", "init", self.repository, "--keys", self.folder / "keys")
        for name in FIRST:
            shutil.copytree(RECIPES / name, self.folder / "recipes" / name)
        self.release(FIRST)

    def release(self, packs: Sequence[str]) -> None:
        """Build packs from the recipes and release them."""
        built = self.folder / "built"
        shutil.rmtree(built, ignore_errors=True)
        run(KIOSK, "pack", "build", *(self.folder / "recipes" / name for name in packs), "--out", built, seconds=300)
        run(KIOSK, "repo", "release", self.repository, *built.iterdir(), "--keys", self.folder / "keys", seconds=300)

    def new_notice(self, title: str, version: int) -> None:
        """Release a notice with a title in a new version of a pack that kiosks have."""
        labels = {"title": title, "summary": title, "source": "rig-notice.md"}
        notice = {"id": "rig-notice", "kind": "notice", "starts": "2026-01-01", "ends": "2039-12-31",
                  "translations": {"en": labels}}  # fmt: skip
        with self._changed("running-a-cooperative", version) as (folder, recipe):
            (folder / "rig-notice.md").write_text(f"{title}.\n")
            recipe["items"] = [each for each in recipe["items"] if each["id"] != "rig-notice"] + [notice]

    def new_book(self, zim: Path, title: str, version: int) -> None:
        """Release a ZIM in the place of the book that kiosks have."""
        with self._changed("farming-handbook", version) as (folder, recipe):
            shutil.copy(zim, folder)
            (item,) = recipe["items"]
            item["translations"] = {"en": {"title": title, "summary": title, "zim": zim.name}}

    @contextmanager
    def _changed(self, pack: str, version: int) -> Iterator[tuple[Path, dict[str, Any]]]:
        # Gives a pack's folder and recipe to be changed, and releases the version that comes of it.
        folder = self.folder / "recipes" / pack
        recipe = yaml.safe_load((folder / "pack.yaml").read_text())
        recipe["version"] = version
        yield folder, recipe
        (folder / "pack.yaml").write_text(yaml.safe_dump(recipe, allow_unicode=True))
        self.release([pack])


@contextmanager
def served(federation: Federation, address: str, port: int, place: Sequence[str] = ()) -> Iterator[None]:
    """Serve the repository by HTTP from the place that the command `place` leads to."""
    log = federation.folder / "http.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*place, sys.executable, "-m", "http.server", "--bind", address, "--directory",
             str(federation.repository), str(port)],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=ENVIRONMENT,
        )  # fmt: skip
        try:
            ask = [*place, "curl", "-s", "-f", "--noproxy", "*", f"http://{address}:{port}/metadata/timestamp.json"]
            until(lambda: bool(run(*ask, check=False)), f"a repository that is served; {log.read_text()}")
            yield
        finally:
            end(process)
