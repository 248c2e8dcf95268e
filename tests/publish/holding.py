"""A federation whose keys lie with several holders, and a kiosk's client to look at its repository."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from securesystemslib.signer import Key
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from kiosk.publish import keys
from kiosk.publish.metadata import MetadataFolder
from kiosk.publish.repository import Repository
from tests.making import CHANNEL, Village


class Federation:
    """The village's repository with its keys dealt out: daily, safe, and one folder a root key."""

    def __init__(self, village: Village) -> None:
        self.village = village
        self.folder = village.folder / "repository"
        self.metadata = MetadataFolder(self.folder / "metadata", village.clock)
        for owner, names in (("safe", ["targets"]), *((f"chair{n}", [f"root-{n}"]) for n in (1, 2, 3))):
            (village.folder / owner).mkdir()
            for name in names:
                for ending in ("pem", "pub"):
                    file = f"{name}.{ending}"
                    shutil.move(village.folder / "keys" / file, village.folder / owner / file)

    def of(self, owner: str) -> Repository:
        return Repository(self.folder, self.village.folder / owner, self.village.clock)

    def key(self, owner: str, name: str) -> Key:
        return keys.make(self.village.folder / owner, name).public_key

    def sign(self, *owners: str, at_once: bool = False) -> tuple[str, ...]:
        """Have owners sign one after the other, and return what the last one published."""
        return [self.of(owner).sign(at_once=at_once) for owner in owners][-1].published


class _Files(FetcherInterface):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self._folder / url
        if not path.is_file():
            raise DownloadHTTPError("missing", 404)
        yield path.read_bytes()


def refresh(federation: Federation, state: Path, channel: str = CHANNEL) -> int:
    """Do what a kiosk's client does, with its state kept in a folder, and return the version of the channel."""
    state.mkdir(exist_ok=True)
    root = (federation.folder / "metadata" / "1.root.json").read_bytes()
    files = _Files(federation.folder)
    client = Updater(str(state), "metadata/", None, "targets/", files, UpdaterConfig(), bootstrap=root)
    client.refresh()
    client.get_targetinfo(f"{channel}/-.json")
    return int(client._trusted_set[channel].version)
