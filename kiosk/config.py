"""The kiosk's one configuration file, read once into frozen values.

Owns: every key of `kiosk.yaml`. True always: no key is silently ignored, and no module reads the file again.
What an operator may change lives in `store.settings`; no key is in both places.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from kiosk.errors import ConfigError, FormatError
from kiosk.fields import Document, Fields, read_yaml


@dataclass(frozen=True)
class Site:
    """Where one site listens, and the address by which browsers reach it (no slash at its end)."""

    address: str
    port: int
    url: str


@dataclass(frozen=True)
class Sync:
    """Whom the kiosk follows: a mirror's URL, a channel's name, and the root of trust that was put in by hand."""

    mirror: str
    channel: str
    trusted_root: Path
    most_bytes: int


@dataclass(frozen=True)
class Config:
    """Everything the kiosk is told from outside."""

    name: str
    state: Path
    portal: Site
    library: Site
    console: Site
    sync: Sync


def load(path: Path) -> Config:
    """Read `kiosk.yaml`; relative paths in it are relative to its folder.

    Raises:
        ConfigError: with file, line and remedy for every mistake at once.
    """
    try:
        document = read_yaml(path)
    except FormatError as error:
        raise ConfigError(error.message, error.hint or "see docs/configuration.md") from error
    root = document.root()
    folder = path.resolve().parent
    config = Config(
        name=root.text("name", most=60),
        state=folder / root.text("state"),
        portal=_site(root.fields("portal")),
        library=_site(root.fields("library")),
        console=_site(root.fields("console")),
        sync=_sync(root.fields("sync"), folder),
    )
    root.finish()
    _distinct(document, config)
    document.check(ConfigError)
    return config


def _site(fields: Fields) -> Site:
    site = Site(fields.text("address"), fields.whole("port", 1, 65535), _url(fields, "url"))
    fields.finish()
    return site


def _sync(fields: Fields, folder: Path) -> Sync:
    sync = Sync(
        mirror=_url(fields, "mirror"),
        channel=fields.text("channel", "stable", most=64),
        trusted_root=folder / fields.text("trusted_root"),
        most_bytes=fields.whole("most_mb", 1, 2_000_000, 16_000) * 1_000_000,
    )
    fields.finish()
    return sync


def _url(fields: Fields, key: str) -> str:
    url = fields.text(key).rstrip("/")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        fields.complain(key, f"'{url}' is not a URL", "write it as http://host:port")
    return url


def _distinct(document: Document, config: Config) -> None:
    # Books bring scripts of their own: they must never share an origin with the portal or the console.
    sites = {"portal": config.portal, "library": config.library, "console": config.console}
    seen: dict[str, str] = {}
    for name, site in sites.items():
        if site.url and site.url in seen:
            document.complain((name, "url"), f"'{site.url}' is the address of {seen[site.url]} too")
        seen[site.url] = name
