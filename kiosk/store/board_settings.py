"""What an operator may say about the board.

Owns: the names, defaults and rules of the settings `board.*`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from kiosk.errors import InvalidInput
from kiosk.store import settings
from kiosk.store.db import Connection


class BoardIs(StrEnum):
    """Whether the board is open, can only be read, or is off."""

    OPEN = "open"
    READ_ONLY = "read-only"
    OFF = "off"


@dataclass(frozen=True)
class BoardSettings:
    """How the board is kept.

    Args:
        state: whether it is open.
        hidden_after: how many phones must report a post until it is hidden; 0: none is hidden by reports.
        phone_an_hour: how often one phone may write in an hour.
        address_an_hour: how often one address may; a village may share a few, so it is much more.
    """

    state: BoardIs = BoardIs.OPEN
    hidden_after: int = 3
    phone_an_hour: int = 20
    address_an_hour: int = 200


DEFAULTS = BoardSettings()
LIMITS = {"hidden_after": (0, 1000), "phone_an_hour": (1, 3600), "address_an_hour": (1, 3600)}


def read(conn: Connection) -> BoardSettings:
    """Return how the board is kept.

    Raises:
        StoreError: a row does not hold what the setting takes; it names the setting.
    """
    return BoardSettings(**settings.read(conn, "board", _from_json))


def save(conn: Connection, wanted: BoardSettings) -> None:
    """Keep settings; take `read` and `dataclasses.replace` in the same transaction to change some.

    Raises:
        InvalidInput: a value breaks its rule; `field` is the setting's name.
    """
    for name, (least, most) in LIMITS.items():
        if not least <= getattr(wanted, name) <= most:
            raise InvalidInput("This number is too small or too large.", name)
    for each in fields(wanted):
        settings.keep(conn, "board", each.name, getattr(wanted, each.name), getattr(DEFAULTS, each.name))


def _from_json(name: str, value: Any) -> object:
    if name == "state":
        return BoardIs(value)
    if name not in LIMITS:
        raise KeyError(name)
    return int(value)
