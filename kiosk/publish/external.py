"""Large files that stay where they are: kiosks take them, by byte ranges, from the URLs that a recipe names.

Owns: how a recipe names such a file, and which blobs a repository must hold besides. True always: what comes from a URL
is held against the SHA-256 of the recipe before anything is made of it; the repository has the leaf lists of such a
file, so a kiosk finds the 64 KiB that a server got wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kiosk.fields import Fields
from kiosk.packs import names
from kiosk.packs.collection import MOST_ENTRY_BYTES, is_media
from kiosk.packs.head import Head, with_leaves
from kiosk.packs.manifest import MOST_URLS, Manifest


@dataclass(frozen=True)
class External:
    """A file by its bytes: the URLs it lies at, the best first, its SHA-256 and size."""

    urls: tuple[str, ...]
    sha256: str
    size_bytes: int

    @property
    def name(self) -> str:
        """What the file is called at its first URL."""
        return unquote(urlsplit(self.urls[0]).path).rpartition("/")[2] if self.urls else ""


Fetch = Callable[[External], Path]
"""Returns a file with these bytes, fetched if need be, not to be changed. Raises TrustError and MirrorError."""


def read(fields: Fields, media_type: str) -> External:
    """Read a file that stays where it is; complains about every mistake, and when it would not be media."""
    urls = fields.texts("urls")
    sha256, size = fields.text("sha256"), fields.whole("size_bytes", 1, MOST_ENTRY_BYTES)
    if len(urls) > MOST_URLS:
        fields.complain("urls", f"'urls' has {len(urls)}; at most {MOST_URLS} are taken")
    for url in urls:
        if fault := names.fault_in_url(url):
            fields.complain("urls", f"'{url}' can not be taken: {fault}", "such as https://example.org/book.zim")
    if sha256 and not names.is_sha256(sha256):
        fields.complain("sha256", f"'{sha256}' is not a SHA-256", "what sha256sum prints: 64 of 0-9 and a-f")
    if size > 1 and not is_media(media_type, size):
        fields.complain("size_bytes", f"a file of {size} bytes travels in the pack", "put it into the recipe's folder")
    fields.finish()
    return External(urls, sha256, size)


def published_blobs(head: Head, manifest: Manifest) -> set[str]:
    """Return the SHA-256 of every blob that a repository must hold for a pack version: all but the bytes of files that
    stay where they are.
    """
    here = [blob for each in manifest.media if not each.urls for blob in each.blobs]
    lists = [blob.leaves for each in manifest.media for blob in each.blobs if blob.leaves]
    return {blob.sha256 for blob in (*head.all_blobs(), *with_leaves(here))} | set(lists)
