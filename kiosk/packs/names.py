"""What names, paths, languages and hashes may look like. Every one that comes from outside passes through here.

True always: an accepted path stays inside the folder it is joined to, on every file system a pack may travel on
(ext4, FAT32 sticks), and two accepted paths that differ stay different there.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?")
LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{1,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,80}")
MOST_PATH_BYTES = 240
MOST_URL_SIGNS = 1000
URL_SIGNS = re.compile(r"[!-~]+")
FORBIDDEN = frozenset('<>:"|?*\\')
"""Signs that FAT32 can not hold (and the backslash, which some systems take for a slash)."""


def is_name(text: str) -> bool:
    """Tell whether `text` can name a pack, item, lesson or channel: a-z, 0-9, hyphens; 2 to 64 characters."""
    return NAME.fullmatch(text) is not None


def is_language(text: str) -> bool:
    """Tell whether `text` is a language code as BCP 47 writes it: language, script and region only."""
    return LANGUAGE.fullmatch(text) is not None


def is_licence(text: str) -> bool:
    """Tell whether `text` has the form of an SPDX licence identifier."""
    return LICENCE.fullmatch(text) is not None


def is_sha256(text: str) -> bool:
    """Tell whether `text` is a SHA-256 in lower-case hexadecimal."""
    return SHA256.fullmatch(text) is not None


def is_media_type(text: str) -> bool:
    """Tell whether `text` is a media type without parameters."""
    return MEDIA_TYPE.fullmatch(text) is not None


def fault_in_path(path: str) -> str | None:
    """Return why `path` can not be the path of an entry, or None when it can."""
    if not path or len(path.encode("utf-8", "replace")) > MOST_PATH_BYTES:
        return f"a path has 1 to {MOST_PATH_BYTES} bytes"
    if unicodedata.normalize("NFC", path) != path:
        return "a path is written in Unicode's composed form (NFC)"
    if any(sign in FORBIDDEN or unicodedata.category(sign).startswith("C") for sign in path):
        return 'a path has no control signs and none of < > : " | ? * \\'
    if path.startswith("/"):
        return "a path is relative: it does not start with /"
    for part in path.split("/"):
        if part in ("", ".", ".."):
            return "a path has no empty parts and no . or .."
        if part != part.strip() or part.endswith("."):
            return "no part of a path starts or ends with a space, or ends with a dot"
    return None


def fault_in_url(url: str) -> str | None:
    """Return why `url` can not be that of a file on the web, or None when it can."""
    if len(url) > MOST_URL_SIGNS or not URL_SIGNS.fullmatch(url):
        return f"an address has up to {MOST_URL_SIGNS} signs of ASCII and no spaces"
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 80)
    except ValueError:
        whole = False
    if not whole:
        return "an address begins with http:// or https:// and the name of a server"
    if parts.username is not None or parts.fragment or parts.query:
        return "an address has no name of a user in it, and nothing behind ? or #"
    if not parts.path.rpartition("/")[2]:
        return "it names a folder, not a file"
    return None


def folded(path: str) -> str:
    """Return the form under which two paths are the same on a card that ignores case."""
    return unicodedata.normalize("NFC", path.casefold())
