"""Trusted refresh: from a mirror's metadata to the heads that a channel really names.

Owns: the use of TUF's client. True always: nothing is returned whose signatures, versions, expiry and hashes did not
hold up to the root that was put in by hand; every refusal is a TrustError that names the mirror's file at fault.

The heads of a channel are listed from the verified role itself, for which the client library has no public call:
`_trusted_set` is private, so the library's version is pinned and a test stands on this use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    EqualVersionNumberError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import TargetFile, Targets
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from kiosk.errors import MirrorError, TrustError
from kiosk.packs import head as heads
from kiosk.packs.head import Head
from kiosk.sync.mirrors import FileMissing, Mirror

CHANGED = "the mirror is broken, or someone changed it; what is installed stays as it is"
TOP_ROLES = ("root", "timestamp", "snapshot", "targets")
REASONS: dict[type[RepositoryError], tuple[str, str]] = {
    UnsignedMetadataError: ("its signature does not hold", "this is not what the federation published"),
    BadVersionNumberError: (
        "it is older than what was seen before",
        "the mirror is out of date, or someone rolled it back",
    ),
    EqualVersionNumberError: ("it says other things under the same version", "the mirror is broken"),
    ExpiredMetadataError: ("it has expired", "the federation must sign again; is this kiosk's clock right?"),
    LengthOrHashMismatchError: (
        "its bytes are not those that were signed",
        CHANGED,
    ),
}


@dataclass(frozen=True)
class SignedHead:
    """A head as it was signed, and its SHA-256."""

    head: Head
    sha256: str


@dataclass(frozen=True)
class Refreshed:
    """What a channel offers, by pack name, and the version of each role that was accepted."""

    heads: tuple[SignedHead, ...]
    versions: dict[str, int]


class _Fetcher(FetcherInterface):
    """TUF's way to a mirror. Remembers the last file asked for, so that a refusal can name it."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self.last = ""

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.last = url
        try:
            yield from self._mirror.read(url)
        except FileMissing as error:
            raise DownloadHTTPError(error.message, 404) from error
        except MirrorError as error:
            raise DownloadError(error.message) from error


def refresh(mirror: Mirror, channel: str, trust: Path, root: bytes, floors: Mapping[str, int]) -> Refreshed:
    """Return the heads that a channel names now.

    Args:
        mirror: whom to ask.
        channel: which signed list to follow.
        trust: the folder where TUF keeps the metadata it accepted.
        root: the root metadata that was put in by hand.
        floors: role -> the highest version accepted so far, kept where a power cut can not tear it.

    Raises:
        TrustError: a signature, version, date or hash does not hold; names the file.
        MirrorError: the mirror can not be reached or lacks a file.
    """
    fetcher = _Fetcher(mirror)
    try:
        client = Updater(str(trust), "metadata/", None, "targets/", fetcher, UpdaterConfig(), bootstrap=root)
        client.refresh()
        client.get_targetinfo(f"{channel}/-.json")  # loads and verifies the channel's role
        trusted = client._trusted_set  # noqa: SLF001 - see the module's docstring
        if channel not in trusted:
            raise TrustError(f"{mirror.name}: the federation has no channel '{channel}'", "check sync.channels")
        versions = {role: int(trusted[role].version) for role in (*TOP_ROLES, channel)}
        _check_floors(mirror, versions, floors)
        listed = trusted[channel]
        assert isinstance(listed, Targets)  # noqa: S101 - tells mypy what a delegated role is
        return Refreshed(_heads(fetcher, mirror, channel, listed), versions)
    except RepositoryError as error:
        raise _refusal(error, mirror, fetcher.last) from error
    except DownloadLengthMismatchError as error:
        raise TrustError(
            f"{mirror.name}/{fetcher.last}: it is longer than what was signed ({error})", CHANGED
        ) from error
    except DownloadError as error:
        missing = isinstance(error, DownloadHTTPError)
        hint = "is this the address of a repository?" if missing else "is there a link, and is the server up?"
        raise MirrorError(str(error), hint) from error


def _check_floors(mirror: Mirror, versions: Mapping[str, int], floors: Mapping[str, int]) -> None:
    # TUF's own files may be torn by a power cut, and torn files are forgotten: then an old repository would pass.
    for role, floor in floors.items():
        if role in versions and versions[role] < floor:
            raise TrustError(
                f"{mirror.name}/metadata/{role}: version {versions[role]} is older than {floor}, which was seen before",
                "the mirror is out of date, or someone rolled it back",
            )


def _heads(fetcher: _Fetcher, mirror: Mirror, channel: str, listed: Targets) -> tuple[SignedHead, ...]:
    found = []
    for path, target in sorted(listed.targets.items()):
        data = _download(fetcher, mirror, path, target)
        head = heads.parse(data, f"{mirror.name}/targets/{path}")
        if path != f"{channel}/{head.pack}.json":
            raise TrustError(f"{mirror.name}/targets/{path}: this head is of the pack '{head.pack}'")
        found.append(SignedHead(head, hashlib.sha256(data).hexdigest()))
    return tuple(found)


def _download(fetcher: _Fetcher, mirror: Mirror, path: str, target: TargetFile) -> bytes:
    folder, _, file = path.rpartition("/")
    if target.length > heads.MOST_BYTES or "sha256" not in target.hashes:
        raise TrustError(f"{mirror.name}/targets/{path}: {target.length} bytes are too many for a head")
    data: bytes = fetcher.download_bytes(f"targets/{folder}/{target.hashes['sha256']}.{file}", target.length)
    target.verify_length_and_hashes(data)
    return data


def _refusal(error: RepositoryError, mirror: Mirror, last: str) -> TrustError:
    for kind, (reason, hint) in REASONS.items():
        if isinstance(error, kind):
            return TrustError(f"{mirror.name}/{last}: {reason} ({error})", hint)
    return TrustError(f"{mirror.name}/{last}: {error}", CHANGED)
