"""The manifest: a pack's own list of items and their entries.

Owns: its JSON form (docs/formats/pack.md). True always: a `Manifest` that exists is valid — names, paths, sizes and
attributes were checked — and `to_bytes` is canonical: the same manifest gives the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from kiosk.fields import Document, Fields, parse_json
from kiosk.packs import blobs, book, collection, kinds, names
from kiosk.packs.blobs import Blob
from kiosk.packs.collection import Entry

FORMAT = 2
MOST_BYTES = 8 * 1024 * 1024
"""Largest manifest a kiosk reads."""
MOST_ENTRIES = 1_000_000
MOST_URLS = 8
"""In how many places, besides the mirrors, a file may lie."""


@dataclass(frozen=True)
class Media:
    """An entry that is carried whole; `blobs` are its bytes, in order; `urls` say where else they lie."""

    entry: Entry
    blobs: tuple[Blob, ...]
    urls: tuple[str, ...] = ()

    def to_value(self) -> dict[str, Any]:
        """Return the media entry as JSON values."""
        entry = self.entry
        value: dict[str, Any] = {
            "path": entry.path, "type": entry.type, "size_bytes": entry.size_bytes, "sha256": entry.sha256,
            "blobs": [blob.to_value() for blob in self.blobs],
        }  # fmt: skip
        if entry.title:
            value["title"] = entry.title
        if self.urls:
            value["urls"] = list(self.urls)
        return value


@dataclass(frozen=True)
class Item:
    """One thing the pack delivers, in one language; `attributes` is what its kind adds (see `packs.kinds`)."""

    id: str
    kind: str
    language: str
    title: str
    summary: str
    licence: str
    size_bytes: int
    entries: int
    content_root: str
    attributes: dict[str, Any]
    media: tuple[Media, ...]

    @property
    def place(self) -> tuple[str, str]:
        """By what items are put into collection order."""
        return self.id, self.language

    @property
    def installed_bytes(self) -> int:
        """Bytes that it takes on the card."""
        if not self.is_laid_out:
            return self.size_bytes
        return int(self.attributes[kinds.LAID_OUT]["size_bytes"]) + book.LISTED.size * self.entries

    @property
    def installed_as(self) -> str:
        """The SHA-256 that names what it is installed as: two books of the same entries may be different files."""
        return str(self.attributes[kinds.LAID_OUT]["sha256"]) if self.is_laid_out else self.content_root

    @property
    def is_laid_out(self) -> bool:
        """Whether it is a book that is delivered entry by entry (docs/formats/pack.md, "Books")."""
        return kinds.LAID_OUT in self.attributes

    def to_value(self) -> dict[str, Any]:
        """Return the item as JSON values."""
        return {
            "id": self.id, "kind": self.kind, "language": self.language, "title": self.title, "summary": self.summary,
            "licence": self.licence, "size_bytes": self.size_bytes, "entries": self.entries,
            "content_root": self.content_root, "attributes": self.attributes,
            "media": [media.to_value() for media in self.media],
        }  # fmt: skip


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
    def installed_bytes(self) -> int:
        """Bytes that all items together take on the card."""
        return sum(item.installed_bytes for item in self.items)

    @property
    def entries(self) -> int:
        """Entries of all items together."""
        return sum(item.entries for item in self.items)

    @property
    def media(self) -> tuple[Media, ...]:
        """The media of all items, one that two items share twice."""
        return tuple(media for item in self.items for media in item.media)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its items, each once, by name."""
        return tuple(sorted({item.kind for item in self.items}))

    @property
    def in_order(self) -> tuple[Item, ...]:
        """The items in collection order: their numbers in routes count from here."""
        return tuple(sorted(self.items, key=lambda item: item.place))

    @property
    def books(self) -> frozenset[int]:
        """The numbers of the items that are books delivered entry by entry."""
        return frozenset(number for number, item in enumerate(self.in_order) if item.is_laid_out)

    def to_bytes(self) -> bytes:
        """Return the canonical JSON: keys sorted, no spaces, UTF-8."""
        return canonical({
            "format": FORMAT, "pack": self.pack, "version": self.version, "title": self.title,
            "summary": self.summary, "publisher": self.publisher, "licence": self.licence,
            "items": [item.to_value() for item in self.items],
        })  # fmt: skip


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
        size_bytes=fields.whole("size_bytes", 0, collection.MOST_ENTRY_BYTES),
        entries=fields.whole("entries", 1, MOST_ENTRIES),
        content_root=fields.text("content_root"),
        attributes=kinds.attributes(kind, fields.fields("attributes")),
        media=tuple(_media(each) for each in fields.sequence("media")),
    )
    if not names.is_language(item.language):
        fields.complain("language", f"'{item.language}' is not a language code")
    if not names.is_licence(item.licence):
        fields.complain("licence", f"'{item.licence}' is not a licence identifier")
    if not names.is_sha256(item.content_root):
        fields.complain("content_root", f"'{item.content_root}' is not a content root")
    if collection.clashing(media.entry.path for media in item.media):
        fields.complain("media", "two paths clash on a card that ignores case")
    fields.finish()
    return item


def _media(fields: Fields) -> Media:
    title = fields.text("title", most=200) if "title" in fields else ""
    size = fields.whole("size_bytes", 0, collection.MOST_ENTRY_BYTES)
    entry = Entry(fields.text("path"), fields.text("type"), title, size, fields.text("sha256"))
    media = Media(
        entry,
        tuple(blobs.read(each) for each in fields.sequence("blobs", least=1)),
        fields.texts("urls") if "urls" in fields else (),
    )
    if fault := names.fault_in_path(entry.path):
        fields.complain("path", f"the path '{entry.path}' can not be taken: {fault}")
    if not names.is_media_type(entry.type) or not entry.is_media:
        fields.complain("type", f"'{entry.type}' of {size} bytes is not media")
    if not names.is_sha256(entry.sha256):
        fields.complain("sha256", f"'{entry.sha256}' is not a SHA-256")
    whole = [blob.size_bytes for blob in media.blobs[:-1]]
    if any(each != blobs.BLOB_BYTES for each in whole) or sum(b.size_bytes for b in media.blobs) != size:
        fields.complain("blobs", "the blobs do not make up the size")
    if len(media.urls) > MOST_URLS or any(names.fault_in_url(url) for url in media.urls):
        fields.complain("urls", f"these are not at most {MOST_URLS} web addresses of files")
    fields.finish()
    return media


def _check_unique(document: Document, manifest: Manifest) -> None:
    seen: set[tuple[str, str]] = set()
    for number, item in enumerate(manifest.items):
        if item.place in seen:
            document.complain(("items", number), f"{item.id} in {item.language} is there twice")
        seen.add(item.place)
