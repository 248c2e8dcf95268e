"""The one folder that holds all state, and what lies where in it.

kiosk.sqlite3            posts, operators, settings, events, and what each generation holds
objects/ab/abcd…         verified files of installed packs, named by their SHA-256
parts/                   what is being fetched
later/                   what came of packs that wait for a better link
generations/<n>/         an immutable set of installed packs (hard links into objects/)
current -> generations/<n>
indexes/                 which words stand on which page of a book, and its texts, by its SHA-256
brought/                 books that came by hand and wait for the rest of their packs, and the manifests that name them
trust/                   verified metadata and heads, laid out as a repository
documents/ab/abcd…       papers that were added here, named by their SHA-256
uploads/                 files on their way here, by the number of the upload
pictures/                first pages of papers, named by the SHA-256 of the paper
attachments/             photos and voice notes of the board
notices/                 recordings of notices that operators wrote
backups/                 the last backups, sealed
asked/                   the backup that an operator wants restored
restoring/               a backup that is being unpacked and checked
replaced/                the database before the last restore
copies/                  the last good copies of the database
unreadable.json          files that the card did not give back
broken/                  databases that the card gave back broken, set aside
secrets/                 keys of this kiosk alone, for its own accounts and nobody else
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class State:
    """The state folder. The properties are paths; nothing is made until `prepare`."""

    folder: Path

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "kiosk.sqlite3"

    @property
    def objects(self) -> Path:
        """Verified files by hash."""
        return self.folder / "objects"

    @property
    def parts(self) -> Path:
        """Files that are being fetched."""
        return self.folder / "parts"

    @property
    def set_aside(self) -> Path:
        """What came of packs that wait for a better link; made when there is any."""
        return self.folder / "later"

    @property
    def generations(self) -> Path:
        """One folder a generation."""
        return self.folder / "generations"

    @property
    def current(self) -> Path:
        """The symbolic link whose target is the generation that is served."""
        return self.folder / "current"

    @property
    def indexes(self) -> Path:
        """The indexes of books."""
        return self.folder / "indexes"

    @property
    def brought(self) -> Path:
        """Books that came by hand, and manifests of packs on offer; made when there are any."""
        return self.folder / "brought"

    @property
    def trust(self) -> Path:
        """The client's copy of signed metadata."""
        return self.folder / "trust"

    @property
    def documents(self) -> Path:
        """Papers that were added here, by hash."""
        return self.folder / "documents"

    @property
    def uploads(self) -> Path:
        """Files on their way here."""
        return self.folder / "uploads"

    @property
    def pictures(self) -> Path:
        """Pictures of the first pages of papers."""
        return self.folder / "pictures"

    @property
    def attachments(self) -> Path:
        """Photos and voice notes of the board."""
        return self.folder / "attachments"

    @property
    def notices(self) -> Path:
        """Recordings of notices that operators wrote."""
        return self.folder / "notices"

    @property
    def lock(self) -> Path:
        """Locked by the one sync that may run."""
        return self.folder / "sync.lock"

    def prepare(self) -> None:
        """Make the folders that are missing."""
        made = (self.objects, self.parts, self.generations, self.indexes, self.trust, self.documents, self.pictures)
        for folder in (*made, self.attachments, self.uploads, self.notices):
            folder.mkdir(parents=True, exist_ok=True)
        secrets_folder = self.folder / "secrets"
        if not secrets_folder.exists():  # the portal and the console are two accounts of one group
            secrets_folder.mkdir(mode=0o700, exist_ok=True)
            secrets_folder.chmod(0o770)

    def current_number(self) -> int:
        """Return the number of the current generation, 0 when there is none yet."""
        try:
            return int(self.current.readlink().name)
        except (OSError, ValueError):
            return 0

    def part_bytes(self, sha256: str) -> int:
        """Return how many bytes of a blob have been fetched and wait in `parts/`."""
        for name in (sha256, f"{sha256}.part"):
            with contextlib.suppress(OSError):
                return (self.parts / name).stat().st_size
        return 0

    def parts_bytes(self, *, aside: bool = False) -> int:
        """Return how many bytes wait in `parts/`, or with what was put aside; what a sync takes from there meanwhile is
        left out.
        """
        found = 0
        for path in (*self.parts.glob("*"), *(self.set_aside.glob("*") if aside else ())):
            with contextlib.suppress(OSError):
                found += path.stat().st_size if path.is_file() else 0
        return found

    def object_path(self, sha256: str) -> Path:
        """Return where the verified file with this hash lies."""
        return self.objects / sha256[:2] / sha256

    def document_path(self, sha256: str) -> Path:
        """Return where the paper with this hash lies that was added here."""
        return self.documents / sha256[:2] / sha256

    def secret(self, name: str) -> str:
        """Return a random secret of this kiosk (64 hex digits), made and made durable at the first call."""
        path = self.folder / "secrets" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".{name}.{secrets.token_hex(4)}")
            write_durably(draft, secrets.token_hex(32).encode(), mode=0o640)
            with contextlib.suppress(FileExistsError):  # another process was first: its secret counts
                path.hardlink_to(draft)
            draft.unlink()
            sync_folder(path.parent)
        return path.read_text(encoding="ascii").strip()


def write_durably(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file so that its bytes are on the card when this returns (its name is only after `sync_folder`)."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
