"""The demonstration's federation: its keys, its repository, and publishing only what has changed since the last run."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from kiosk.cli.pack import build_one
from kiosk.clock import system_clock
from kiosk.errors import FormatError, HostError
from kiosk.publish import build as building
from kiosk.publish.build import BuiltPack
from kiosk.publish.repository import Repository

CHANNEL = "stable"
SIGN_AGAIN = timedelta(days=30)
"""The repository's date is signed anew when less than this is left of its life."""


@dataclass(frozen=True)
class Published:
    """What a run released, and which packs it had to leave out, with the reason."""

    released: list[BuiltPack]
    left_out: dict[str, str]


class Federation:
    """A federation in a folder: keys/, built/, repository/, and stamps.json with what was built from which sources."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.built = folder / "built"
        self.repository = Repository(folder / "repository", folder / "keys", system_clock)

    def prepare(self) -> bool:
        """Make keys and an empty repository at the first run; return whether this was it."""
        if self.repository.exists():
            if self.repository.expires() - system_clock() < SIGN_AGAIN:
                self.repository.sign()
            return False
        # Made aside, so that what is cut short can be thrown away: keys without their repository are of no use.
        draft = self.folder / ".new"
        for folder in (draft, self.folder / "keys"):
            shutil.rmtree(folder, ignore_errors=True)
        Repository(draft / "repository", draft / "keys", system_clock).init([CHANNEL])
        shutil.rmtree(self.repository.folder, ignore_errors=True)
        for name in ("keys", "repository"):
            (draft / name).rename(self.folder / name)
        draft.rmdir()
        return True

    def stamps(self) -> dict[str, dict[str, str]]:
        """Return recipe -> the fingerprint of its sources and the folder that was built from them."""
        try:
            return dict(json.loads((self.folder / "stamps.json").read_text()))
        except (FileNotFoundError, ValueError, TypeError):  # none yet, or torn by a power cut: then all is built anew
            return {}

    def stamp(self, recipe: str, fingerprint: str, folder: Path) -> None:
        """Note what was built from which sources."""
        stamps = self.stamps() | {recipe: {"sources": fingerprint, "folder": str(folder)}}
        draft = self.folder / ".stamps.new"
        draft.write_text(json.dumps(stamps, indent=1))
        draft.rename(self.folder / "stamps.json")


def publish(fed: Federation, recipes: Sequence[Path]) -> Published:
    """Build the recipes that changed, and release all on the channel."""
    built, left_out = [], {}
    for recipe in recipes:
        try:
            built.append(_built(fed, recipe))
        except HostError as error:  # a missing program spoils one pack, not the demonstration
            left_out[recipe.name] = f"{error.message} ({error.hint})"
    return Published(fed.repository.release(built, CHANNEL), left_out)


def _built(fed: Federation, recipe: Path) -> BuiltPack:
    fingerprint = _fingerprint(recipe)
    known = fed.stamps().get(str(recipe.resolve()), {})
    if known.get("sources") == fingerprint and Path(known["folder"]).is_dir():
        with suppress(FormatError):  # a cut left half of it: it is built anew
            return building.read_built(Path(known["folder"]))
    built = build_one(recipe, fed.built, fed.folder / "fetched")
    fed.stamp(str(recipe.resolve()), fingerprint, built.folder)
    return built


def _fingerprint(recipe: Path) -> str:
    digest = hashlib.sha256(version("telecenter-kiosk").encode())
    for path in sorted(recipe.rglob("*")):
        if path.is_file():
            digest.update(f"\0{path.relative_to(recipe)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
