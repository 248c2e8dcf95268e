"""The kiosk's one configuration file, read once into frozen values.

Owns: every key of `kiosk.yaml`. True always: no key is silently ignored, and no module reads the file again.
What an operator may change lives in `store.settings`; names said there go before those here.
"""

from __future__ import annotations

import difflib
import ipaddress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from kiosk.errors import ConfigError, FormatError
from kiosk.fields import Document, Fields, read_yaml


@dataclass(frozen=True)
class Site:
    """Where one site listens, and the address by which browsers reach it (no slash at its end).

    Args:
        address, port: where it listens; "" and 0 where it has a `socket`.
        proxy: the address of the one program in front of it, nginx, that is believed when it tells whom it asks for.
        socket: the unix socket where it listens; whoever may open it is believed, as `proxy` is.
        file_server: the address under which nginx has the state folder, for answers of this site alone (no slash at
            its end): files then go from the card to the phone without passing through the site; None: they do pass.
    """

    address: str
    port: int
    url: str
    proxy: str | None = None
    socket: Path | None = None
    file_server: str | None = None


@dataclass(frozen=True)
class Captive:
    """How phones are let in.

    Args:
        again_hours: how long an OK on the welcome page lasts.
        https_url: where the portal is also reached with a certificate that phones trust (no slash at its end), for
            those that ask by RFC 8908; None: nowhere.
    """

    again_hours: int = 24
    https_url: str | None = None


@dataclass(frozen=True)
class Sync:
    """Whom the kiosk follows, and the limits that its card sets.

    Args:
        mirrors: where copies of the repository lie, asked in this order: URLs (no slash at the end) and absolute
            paths of folders.
        channels: the names of the signed lists to follow.
        trusted_root: the federation's first root, put in by hand.
        most_bytes: the largest sum of installed packs.
        spare_bytes: what must stay free on the card whatever a sync does.
        neighbours: whether kiosks nearby are looked for, and asked.
    """

    mirrors: tuple[str, ...]
    channels: tuple[str, ...]
    trusted_root: Path
    most_bytes: int
    spare_bytes: int
    neighbours: bool


@dataclass(frozen=True)
class Members:
    """How long a member stays signed in on a phone: at most `longest`, and no longer than `idle` without a page."""

    idle: timedelta = timedelta(minutes=15)
    longest: timedelta = timedelta(hours=4)


@dataclass(frozen=True)
class About:
    """Who runs the kiosk, as its page "About" says it: the cooperative's name, and how its people are reached, a line
    each; both may be empty.
    """

    cooperative: str = ""
    contact: tuple[str, ...] = ()


@dataclass(frozen=True)
class Config:
    """Everything the kiosk is told from outside; `time_zone` is that of its people, for days, hours and budgets."""

    name: str
    state: Path
    portal: Site
    library: Site
    console: Site
    sync: Sync
    time_zone: ZoneInfo
    captive: Captive = Captive()
    members: Members = Members()
    about: About = About()


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
        portal=_site(root.fields("portal"), folder),
        library=_site(root.fields("library")),
        console=_site(root.fields("console"), folder),
        sync=_sync(root.fields("sync"), folder),
        time_zone=_time_zone(root),
        captive=_captive(root),
        members=_members(root.fields("members")) if "members" in root else Members(),
        about=_about(root.fields("about")) if "about" in root else About(),
    )
    root.finish()
    _distinct(document, config)
    document.check(ConfigError)
    return config


def _site(fields: Fields, folder: Path | None = None) -> Site:
    # The library has no socket: the portal and the console ask it by its address.
    if folder and "socket" in fields:
        place = Site("", 0, _url(fields, "url"), socket=folder / fields.text("socket", most=100))
    else:
        place = Site(fields.text("address"), fields.whole("port", 1, 65535), _url(fields, "url"), _proxy(fields))
    file_server = fields.text("file_server", "").rstrip("/") or None
    if file_server and not file_server.startswith("/"):
        fields.complain("file_server", f"'{file_server}' is not a path", "write it as /.state")
    fields.finish()
    return replace(place, file_server=file_server)


def _proxy(fields: Fields) -> str | None:
    text = fields.text("proxy", "")
    try:
        return str(ipaddress.ip_address(text)) if text else None
    except ValueError:
        fields.complain("proxy", f"'{text}' is not an address", "write it as 127.0.0.1")
        return None


def _captive(root: Fields) -> Captive:
    if "captive" not in root:
        return Captive()
    fields = root.fields("captive")
    url = _checked_url(fields, "https_url", fields.text("https_url", ""))
    if url and not url.startswith("https://"):
        fields.complain("https_url", f"'{url}' is not an https address", "leave it away when there is none")
    captive = Captive(fields.whole("again_hours", 1, 24 * 365, Captive.again_hours), url or None)
    fields.finish()
    return captive


def _sync(fields: Fields, folder: Path) -> Sync:
    sync = Sync(
        mirrors=_mirrors(fields, folder),
        channels=_distinct_texts(fields, "channels", ("stable",)),
        trusted_root=folder / fields.text("trusted_root"),
        most_bytes=fields.whole("most_mb", 1, 2_000_000, 16_000) * 1_000_000,
        spare_bytes=fields.whole("spare_mb", 16, 100_000, 200) * 1_000_000,
        neighbours=fields.flag("neighbours", default=True),
    )
    fields.finish()
    return sync


def _members(fields: Fields) -> Members:
    members = Members(
        idle=timedelta(minutes=fields.whole("idle_minutes", 1, 240, 15)),
        longest=timedelta(hours=fields.whole("most_hours", 1, 24, 4)),
    )
    fields.finish()
    return members


def _about(fields: Fields) -> About:
    about = About(fields.text("cooperative", "", most=120), fields.texts("contact", most=200, default=()))
    fields.finish()
    return about


def _mirrors(fields: Fields, folder: Path) -> tuple[str, ...]:
    # A folder is told by its slash or dot: what has neither is a URL whose scheme was forgotten.
    return tuple(
        str(folder / each)
        if each.startswith(("/", "./", "../"))
        else _checked_url(fields, "mirrors", each, ", or a folder as /srv/mirror")
        for each in _distinct_texts(fields, "mirrors")
    )


def _distinct_texts(fields: Fields, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    values = fields.texts(key, default=default)
    for value in sorted({value for value in values if values.count(value) > 1}):
        fields.complain(key, f"'{value}' is there twice")
    return values


def _time_zone(root: Fields) -> ZoneInfo:
    name = root.text("time_zone", "UTC", most=64)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # only now is the list of all read: it lies in hundreds of files
        near = difflib.get_close_matches(name, sorted(available_timezones()), n=1)
        else_ = "write it as Africa/Kampala; `timedatectl list-timezones` knows them all"
        root.complain("time_zone", f"'{name}' is not a time zone", f"did you mean '{near[0]}'?" if near else else_)
        return ZoneInfo("UTC")


def _url(fields: Fields, key: str) -> str:
    return _checked_url(fields, key, fields.text(key))


def _checked_url(fields: Fields, key: str, text: str, other: str = "") -> str:
    url = text.rstrip("/")
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # such as [ without ], or a port that is no number
        good = False
    if url and not good:
        fields.complain(key, f"'{url}' is not a URL", f"write it as http://host:port{other}")
    return url


def _distinct(document: Document, config: Config) -> None:
    # Books bring scripts of their own: they must never share an origin with the portal or the console.
    sites = {"portal": config.portal, "library": config.library, "console": config.console}
    seen: dict[str, str] = {}
    for name, site in sites.items():
        if site.url and site.url in seen:
            document.complain((name, "url"), f"'{site.url}' is the address of {seen[site.url]} too")
        seen[site.url] = name
    for name in ("portal", "console"):
        if _share_cookies(_host(config.library), _host(sites[name])):
            told = f"'{config.library.url}': scripts of books could set cookies of the {name} ({sites[name].url})"
            document.complain(
                ("library", "url"), told, "take another name, as http://books.lan beside http://kiosk.lan"
            )


def _host(site: Site) -> str:
    try:
        return urlsplit(site.url).hostname or ""
    except ValueError:  # told before
        return ""


def _share_cookies(one: str, other: str) -> bool:
    """Tell whether a script on one host may set cookies for the other: for all hosts below a name of two parts."""
    if one == other:
        return one != ""
    if "" in (one, other) or one.replace(".", "").isdigit() or ":" in one:
        return False
    return one.split(".")[-2:] == other.split(".")[-2:]
