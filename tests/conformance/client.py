#!/usr/bin/env python3
"""A TUF client over the kiosk's own walk, in the form that the suite `tuf-conformance` calls. See README.md.

    client.py --metadata-dir D init ROOT
    client.py --metadata-dir D --metadata-url U refresh
    client.py --metadata-dir D --metadata-url U --target-name T --target-base-url B --target-dir X download

Ends with 0 if all went well, and 1 otherwise. D holds what is trusted under names without versions; what the kiosk
keeps for itself lies in D/.kiosk.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

if __name__ == "__main__":  # the suite starts this file from anywhere
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import TargetFile

from kiosk.clock import system_clock
from kiosk.errors import KioskError, TrustError
from kiosk.store import db, trust
from kiosk.store.state import write_durably
from kiosk.sync.kept import Kept
from kiosk.sync.mirrors import HttpMirror, Mirror
from kiosk.sync.source import Source
from kiosk.sync.walk import Past, Walk

OWN = frozenset({"anchor.json", "kiosk.sqlite3", "kiosk.sqlite3-wal", "kiosk.sqlite3-shm"})
MOST_ROLES = 32
"""How many delegated roles are looked into for one target."""


class Split:
    """The mirror that the suite gives: metadata and targets lie below URLs of their own."""

    name = "mirror"
    metered = True

    def __init__(self, metadata: str, targets: str = "") -> None:
        self._mirrors = {"metadata": HttpMirror(metadata), "targets": HttpMirror(targets)}

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        folder, _, rest = path.partition("/")
        return self._mirrors[folder].read(rest)


def init(folder: Path, root: Path) -> None:
    (folder / ".kiosk").mkdir(parents=True)
    for place in (folder / ".kiosk" / "anchor.json", folder / "root.json"):
        write_durably(place, root.read_bytes())


class Client:
    """Walks, and keeps what it took step by step: the suite looks at what is trusted after a walk that failed, too."""

    def __init__(self, folder: Path, mirror: Mirror, conn: db.Connection, now: datetime) -> None:
        self._folder, self._conn = folder, conn
        self._kept = Kept(folder / ".kiosk")
        self._past = Past(trust.roots(conn), trust.accepted(conn))
        self.source = Source(mirror)
        anchor = (folder / ".kiosk" / "anchor.json").read_bytes()
        self.walk = Walk(self.source, self._kept, self._past, anchor, now)

    def keep(self) -> None:
        """Write what was taken, for the next walk and for whoever looks into the folder."""
        self._kept.hold(self.walk.fresh, whole=True)
        self._kept.commit()
        with db.transaction(self._conn):
            trust.replace_roots(self._conn, self._past.roots)
            trust.accept(self._conn, self.walk.accepted())
        root = self._kept.read(f"metadata/{max(self._past.roots)}.root.json")
        needed = {self.walk.path_of(role, each.version) for role, each in trust.accepted(self._conn).items()}
        self._kept.prune(needed | {f"metadata/{version}.root.json" for version in self._past.roots} | OWN)
        for role, data in {**self.walk.data, "root": root or b""}.items():
            write_durably(self._folder / f"{quote(role, '')}.json", data)

    def find(self, name: str) -> TargetFile:
        """Return the target of a name: depth first, in the order of the delegations, as TUF says."""
        waiting, seen = [("targets", "root")], set[str]()
        while waiting and len(seen) <= MOST_ROLES:
            role, above = waiting.pop()
            if role in seen:
                continue
            seen.add(role)
            taken = self.walk.role(role, above)
            if name in taken.targets:
                return taken.targets[name]
            below: list[tuple[str, str]] = []
            for child, terminating in taken.delegations.get_roles_for_target(name) if taken.delegations else ():
                below.append((child, role))
                if terminating:
                    waiting = []
                    break
            waiting += reversed(below)
        raise TrustError(f"no role that may speak for it names '{name}'")

    def download(self, name: str, folder: Path) -> None:
        """Bring a target into the folder, unless it lies there as it should."""
        target = self.find(name)
        place = folder / quote(name, "")
        if place.is_file() and _holds(target, place.read_bytes()):
            return
        above, _, file = name.rpartition("/")
        consistent = self.walk.trusted.root.consistent_snapshot
        prefix = f"{next(iter(target.hashes.values()))}." if consistent else ""
        data = self.source.read(
            f"targets/{above}/{prefix}{file}" if above else f"targets/{prefix}{file}", target.length
        )
        if not _holds(target, data):
            raise TrustError(f"{name}: its bytes are not those that were signed")
        write_durably(place, data)


def _holds(target: TargetFile, data: bytes) -> bool:
    try:
        target.verify_length_and_hashes(data)
    except RepositoryError:
        return False
    return True


def run(arguments: argparse.Namespace) -> None:
    folder: Path = arguments.metadata_dir
    if arguments.command == "init":
        init(folder, arguments.root)
        return
    mirror = Split(arguments.metadata_url, arguments.target_base_url)
    with closing(db.connect(folder / ".kiosk" / "kiosk.sqlite3")) as conn:
        client = Client(folder, mirror, conn, system_clock())
        try:
            client.walk.top()
            for name in arguments.target_name if arguments.command == "download" else ():
                client.download(name, arguments.target_dir)
        finally:
            client.keep()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--metadata-dir", type=Path, required=True)
    parser.add_argument("--metadata-url", default="")
    parser.add_argument("--target-name", action="append", default=[])
    parser.add_argument("--target-base-url", default="")
    parser.add_argument("--target-dir", type=Path)
    parser.add_argument("command", choices=("init", "refresh", "download"))
    parser.add_argument("root", type=Path, nargs="?")
    try:
        run(parser.parse_args())
    except (KioskError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
