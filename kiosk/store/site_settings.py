"""What an operator may say about the kiosk itself; what is not said is as `kiosk.yaml` has it.

Owns: the names, defaults and rules of the settings `site.*`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from kiosk.errors import InvalidInput
from kiosk.store import settings
from kiosk.store.db import Connection

MOST_NAME, MOST_COOPERATIVE = 60, 120


@dataclass(frozen=True)
class SiteSettings:
    """How the kiosk is called, and when it works at night.

    Args:
        name: the kiosk's name; "": that of `kiosk.yaml`.
        cooperative: the cooperative's name; "": that of `kiosk.yaml`.
        languages: the codes of the interface's languages that the portal offers; none: all.
        night_hour: the hour, local, from which the backup of the night is made.
    """

    name: str = ""
    cooperative: str = ""
    languages: tuple[str, ...] = ()
    night_hour: int = 2


DEFAULTS = SiteSettings()


def read(conn: Connection) -> SiteSettings:
    """Return what was said.

    Raises:
        StoreError: a row does not hold what the setting takes; it names the setting.
    """
    return SiteSettings(**settings.read(conn, "site", _from_json))


def save(conn: Connection, wanted: SiteSettings) -> None:
    """Keep settings.

    Raises:
        InvalidInput: a value breaks its rule; `field` is the setting's name.
    """
    for field, most in (("name", MOST_NAME), ("cooperative", MOST_COOPERATIVE)):
        text: str = getattr(wanted, field)
        if len(text) > most or not text.isprintable() or text != text.strip():
            raise InvalidInput("Please write it shorter, on one line.", field)
    if not 0 <= wanted.night_hour <= 23:
        raise InvalidInput("This number is too small or too large.", "night_hour")
    for each in fields(wanted):
        value, default = getattr(wanted, each.name), getattr(DEFAULTS, each.name)
        settings.keep(conn, "site", each.name, value, default)


def _from_json(name: str, value: Any) -> object:
    if name in ("name", "cooperative"):
        return str(value)
    if name == "languages":
        return tuple(str(code) for code in value)
    if name == "night_hour":
        return int(value)
    raise KeyError(name)
