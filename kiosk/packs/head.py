"""The head: the small signed target that names one pack version.

Owns: its JSON form (docs/formats/pack.md). All else hangs below it by SHA-256: head -> manifest -> entries -> blobs.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.errors import FormatError
from kiosk.fields import parse_json
from kiosk.packs import manifest, names

FORMAT = 1
MOST_BYTES = 64 * 1024


@dataclass(frozen=True)
class Head:
    """A pack version: the hash and size of its manifest, its content root, and what it takes on a kiosk."""

    pack: str
    version: int
    content_root: str
    manifest_sha256: str
    manifest_bytes: int
    installed_bytes: int

    def to_bytes(self) -> bytes:
        """Return the canonical JSON."""
        return manifest.canonical(
            {
                "format": FORMAT,
                "pack": self.pack,
                "version": self.version,
                "content_root": self.content_root,
                "manifest": {"sha256": self.manifest_sha256, "size_bytes": self.manifest_bytes},
                "installed_bytes": self.installed_bytes,
            }
        )


def parse(data: bytes, name: str = "head") -> Head:
    """Read a head.

    Raises:
        FormatError: with `name` and the place of every mistake.
    """
    if len(data) > MOST_BYTES:
        raise FormatError(f"{name}: {len(data)} bytes are too many for a head (at most {MOST_BYTES})")
    document = parse_json(data, name)
    root = document.root()
    root.whole("format", FORMAT, FORMAT)
    listing = root.fields("manifest")
    head = Head(
        pack=manifest.checked_name(root, "pack"),
        version=root.whole("version", 1, 2**31),
        content_root=root.text("content_root"),
        manifest_sha256=listing.text("sha256"),
        manifest_bytes=listing.whole("size_bytes", 2, manifest.MOST_BYTES),
        installed_bytes=root.whole("installed_bytes", 0, manifest.MOST_ENTRY_BYTES),
    )
    for fields, key, value in ((root, "content_root", head.content_root), (listing, "sha256", head.manifest_sha256)):
        if not names.is_sha256(value):
            fields.complain(key, f"'{value}' is not a SHA-256")
    listing.finish()
    root.finish()
    document.check()
    return head
