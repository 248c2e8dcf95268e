"""The manifest: a pack's own list of items and their entries.

Owns: its JSON form (docs/formats/pack.md). True always: a `Manifest` that exists is valid — names, paths, sizes and
attributes were checked — and `to_bytes` is canonical: the same manifest gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kiosk.fields import Document, Fields, parse_json
from kiosk.packs import kinds, names

FORMAT = 1
MOST_BYTES = 8 * 1024 * 1024
"""Largest manifest a kiosk reads."""
BLOB_BYTES = 64 * 1024 * 1024
"""Largest blob: a FAT32 stick must hold it, and a cut link loses no more than one."""
MOST_ENTRY_BYTES = 256 * 1024**3


@dataclass(frozen=True)
class Entry:
    """One file of an item. `blobs` are the SHA-256 of its pieces of `BLOB_BYTES`, in order; empty if it is one blob."""

    path: str
    type: str
    title: str
    size_bytes: int
    sha256: str
    blobs: tuple[str, ...] = ()

    def to_value(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        value: dict[str, Any] = {
            "path": self.path, "type": self.type, "size_bytes": self.size_bytes, "sha256": self.sha256,
        }  # fmt: skip
        if self.title:
            value["title"] = self.title
        if self.blobs:
            value["blobs"] = list(self.blobs)
        return value

    @staticmethod
    def from_value(value: Mapping[str, Any]) -> Entry:
        """Return the entry that `to_value` gave; for values that were checked before."""
        return Entry(
            value["path"], value["type"], value.get("title", ""), value["size_bytes"], value["sha256"],
            tuple(value.get("blobs", ())),
        )  # fmt: skip

    def pieces(self) -> list[tuple[str, int]]:
        """Return (SHA-256, size in bytes) of each blob, in order."""
        if not self.blobs:
            return [(self.sha256, self.size_bytes)]
        last = self.size_bytes - BLOB_BYTES * (len(self.blobs) - 1)
        return [(blob, BLOB_BYTES if n < len(self.blobs) - 1 else last) for n, blob in enumerate(self.blobs)]


@dataclass(frozen=True)
class Item:
    """One thing the pack delivers, in one language; `attributes` is what its kind adds (see `packs.kinds`)."""

    id: str
    kind: str
    language: str
    title: str
    summary: str
    licence: str
    attributes: dict[str, Any]
    entries: tuple[Entry, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all entries together."""
        return sum(entry.size_bytes for entry in self.entries)

    @property
    def content_root(self) -> str:
        """SHA-256 over the sorted entries: path, type, title, size and hash, NUL between them and a line feed after."""
        digest = hashlib.sha256()
        for e in sorted(self.entries, key=lambda entry: entry.path):
            digest.update("\0".join((e.path, e.type, e.title, str(e.size_bytes), e.sha256)).encode() + b"\n")
        return digest.hexdigest()


@dataclass(frozen=True)
class Manifest:
    """A pack version and all it delivers. `title` and `summary` map language to text."""

    pack: str
    version: int
    title: dict[str, str]
    summary: dict[str, str]
    publisher: str
    licence: str
    items: tuple[Item, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all items together, counting a file that two items share twice."""
        return sum(item.size_bytes for item in self.items)

    @property
    def content_root(self) -> str:
        """SHA-256 over the items' identity and content roots, in order."""
        digest = hashlib.sha256()
        for item in self.items:
            digest.update("\0".join((item.id, item.kind, item.language, item.content_root)).encode() + b"\n")
        return digest.hexdigest()

    def to_bytes(self) -> bytes:
        """Return the canonical JSON: keys sorted, no spaces, UTF-8."""
        value = {
            "format": FORMAT, "pack": self.pack, "version": self.version, "title": self.title,
            "summary": self.summary, "publisher": self.publisher, "licence": self.licence,
            "items": [
                {
                    "id": i.id, "kind": i.kind, "language": i.language, "title": i.title, "summary": i.summary,
                    "licence": i.licence, "size_bytes": i.size_bytes, "content_root": i.content_root,
                    "attributes": i.attributes, "entries": [e.to_value() for e in i.entries],
                }
                for i in self.items
            ],
        }  # fmt: skip
        return canonical(value)


def canonical(value: Any) -> bytes:
    """Return a value as JSON with sorted keys and no spaces, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def parse(data: bytes, name: str = "manifest.json") -> Manifest:
    """Read a manifest.

    Raises:
        FormatError: with `name` and the place of every mistake.
    """
    document = parse_json(data, name)
    root = document.root()
    root.whole("format", FORMAT, FORMAT)
    manifest = Manifest(
        pack=checked_name(root, "pack"),
        version=root.whole("version", 1, 2**31),
        title=root.translated("title"),
        summary=root.translated("summary", most=2000),
        publisher=root.text("publisher", most=200),
        licence=root.text("licence", most=64),
        items=tuple(_item(fields) for fields in root.sequence("items", least=1)),
    )
    root.finish()
    _check_unique(document, manifest)
    document.check()
    return manifest


def checked_name(fields: Fields, key: str) -> str:
    """Return the name under `key`; complains when it is not one."""
    text = fields.text(key)
    if text and not names.is_name(text):
        fields.complain(key, f"'{text}' is not a name", "a-z, 0-9 and hyphens, 2 to 64 characters")
    return text


def _item(fields: Fields) -> Item:
    kind = fields.choice("kind", kinds.KINDS)
    item = Item(
        id=checked_name(fields, "id"),
        kind=kind,
        language=fields.text("language"),
        title=fields.text("title", most=200),
        summary=fields.text("summary", most=2000),
        licence=fields.text("licence", most=64),
        attributes=kinds.attributes(kind, fields.fields("attributes")),
        entries=tuple(_entry(each) for each in fields.sequence("entries", least=1)),
    )
    if not names.is_language(item.language):
        fields.complain("language", f"'{item.language}' is not a language code")
    if not names.is_licence(item.licence):
        fields.complain("licence", f"'{item.licence}' is not a licence identifier")
    if fields.whole("size_bytes", 0, MOST_ENTRY_BYTES) != item.size_bytes:
        fields.complain("size_bytes", "the size is not the sum of the entries' sizes")
    if fields.text("content_root") != item.content_root:
        fields.complain("content_root", "the content root is not that of the entries")
    kinds.check_entries(item.kind, item.attributes, {e.path for e in item.entries}, fields)
    fields.finish()
    return item


def _entry(fields: Fields) -> Entry:
    path, sha256 = fields.text("path"), fields.text("sha256")
    if fault := names.fault_in_path(path):
        fields.complain("path", f"the path '{path}' can not be taken: {fault}")
    if not names.is_sha256(sha256):
        fields.complain("sha256", f"'{sha256}' is not a SHA-256")
    media_type = fields.text("type")
    if not names.is_media_type(media_type):
        fields.complain("type", f"'{media_type}' is not a media type")
    size = fields.whole("size_bytes", 0, MOST_ENTRY_BYTES)
    blobs = fields.texts("blobs", least=2) if "blobs" in fields else ()
    if not all(names.is_sha256(blob) for blob in blobs):
        fields.complain("blobs", "each blob is named by a SHA-256")
    if len(blobs or (sha256,)) != max(1, -(-size // BLOB_BYTES)):
        fields.complain("blobs", "the number of blobs does not fit the size")
    title = fields.text("title", most=200) if "title" in fields else ""
    fields.finish()
    return Entry(path, media_type, title, size, sha256, blobs)


def _check_unique(document: Document, manifest: Manifest) -> None:
    seen: set[tuple[str, str]] = set()
    for number, item in enumerate(manifest.items):
        if (item.id, item.language) in seen:
            document.complain(("items", number), f"{item.id} in {item.language} is there twice")
        seen.add((item.id, item.language))
        folded = [names.folded(entry.path) for entry in item.entries]
        parents = {parent for path in folded for parent in _parents(path)}
        if len(set(folded)) != len(folded) or parents & set(folded):
            document.complain(("items", number, "entries"), "two paths clash on a card that ignores case")


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]
