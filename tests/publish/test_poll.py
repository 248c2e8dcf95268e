"""Ten thousand packs on a hundred channels: what a kiosk that follows one of them pays to ask for news."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.metadata import Metadata, TargetFile, Targets
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from kiosk.publish import founding, keys
from kiosk.publish.metadata import MetadataFolder, signed_by
from kiosk.publish.signing import Signing
from tests.making import MovableClock

CHANNELS, PACKS = 100, 100
MINE, OTHER = "region-07", "region-42"


@dataclass
class Counting(FetcherInterface):
    """A mirror in a folder that counts what it hands out."""

    folder: Path
    got: dict[str, int] = field(default_factory=dict)

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self.folder / url
        self.got[url] = path.stat().st_size if path.is_file() else 0
        if not path.is_file():
            raise DownloadHTTPError("missing", 404)
        yield path.read_bytes()


class Large:
    """A repository's metadata with 10,000 releases on 100 channels, whose heads are only named."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.keys = folder / "repository", folder / "keys"
        self.metadata = MetadataFolder(self.folder / "metadata", MovableClock())
        founding.found(self.metadata, self.keys, [f"region-{n:02}" for n in range(CHANNELS)])
        held = keys.held(self.keys)
        by_name: dict[str, CryptoSigner] = {keys.name_of(each.public_key): each for each in held.values()}
        versions = {"targets": 1}
        for n in range(CHANNELS):
            channel = f"region-{n:02}"
            listed = Targets(version=2, expires=self.metadata.expiry(channel))
            for pack in range(PACKS):
                release(listed, channel, pack, 1)
            self.metadata.put(channel, signed_by(Metadata(listed), [by_name[founding.key_of(channel)]]))
            versions[channel] = 2
        self.metadata.put_online(versions, {role: [by_name[role]] for role in ("snapshot", "timestamp")})

    def news(self, channel: str) -> None:
        """Release another version of one pack on a channel."""
        following = self.metadata.next_of(channel)
        release(following.signed, channel, 3, 2)
        self.metadata.stage(channel, following)
        Signing(self.metadata, keys.held(self.keys)).sign()

    def poll(self, state: Path) -> dict[str, int]:
        """Ask for news as a kiosk does that follows one channel; return the bytes of each file that came."""
        state.mkdir(exist_ok=True)
        mirror = Counting(self.folder)
        root = (self.folder / "metadata" / "1.root.json").read_bytes()
        client = Updater(str(state), "metadata/", None, "targets/", mirror, UpdaterConfig(), bootstrap=root)
        client.refresh()
        client.get_targetinfo(f"{MINE}/-.json")
        return mirror.got


def release(listed: Targets, channel: str, pack: int, version: int) -> None:
    """Name a head on a channel's list."""
    name = f"{channel}/pack-number-{pack:03}.json"
    target = TargetFile(700, {"sha256": hashlib.sha256(f"{name} {version}".encode()).hexdigest()}, name)
    custom = {"pack": f"pack-number-{pack:03}", "version": version, "installed_bytes": 12_345_678}
    target.unrecognized_fields["custom"] = custom
    listed.targets[name] = target


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Large:
    return Large(tmp_path_factory.mktemp("large"))


def test_a_poll_costs_a_few_hundred_bytes_or_a_few_kilobytes(large: Large, tmp_path: Path) -> None:
    state = tmp_path / "state"
    large.poll(state)
    nothing = large.poll(state)
    assert sum(nothing.values()) <= 1000, nothing
    large.news(OTHER)
    elsewhere = large.poll(state)
    assert sum(elsewhere.values()) <= 5000, elsewhere
    assert not any(OTHER in name for name in elsewhere)
    large.news(MINE)
    here = large.poll(state)
    assert sum(here.values()) <= 35_000, here
