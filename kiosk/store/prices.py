"""What a megabyte costs in the village, by which a report tells what the data served here would have cost.

Owns: the names and rules of the settings `price.*`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kiosk.errors import InvalidInput
from kiosk.store import settings
from kiosk.store.db import Connection
from kiosk.store.typed import line

MB = 1_000_000
MOST_CURRENCY = 12
PRICE = re.compile(r"\d{1,7}(?:[.,]\d{1,6})?")


@dataclass(frozen=True)
class Price:
    """A price of a megabyte as a decimal number, "" while nobody has told it, and the word for the currency."""

    per_mb: str = ""
    currency: str = ""

    def of(self, size_bytes: int) -> Decimal | None:
        """Return what so many bytes cost, None while there is no price; whole from 100 on."""
        if not self.per_mb:
            return None
        cost = Decimal(self.per_mb) * size_bytes / MB
        return cost.quantize(Decimal(1) if cost >= 100 else Decimal("0.01"))


def read(conn: Connection) -> Price:
    """Return the price.

    Raises:
        StoreError: a row does not hold what the setting takes; it names the setting.
    """
    return Price(**settings.read(conn, "price", _from_json))


def save(conn: Connection, per_mb: str, currency: str) -> Price:
    """Keep a price as it was typed, with a point or a comma, and return it; both empty: there is none any more.

    Raises:
        InvalidInput: it is no price, or lacks its currency.
    """
    typed = per_mb.strip()
    wanted = Price()
    if typed or currency.strip():
        if not PRICE.fullmatch(typed) or not Decimal(typed.replace(",", ".")):
            raise InvalidInput("Please write the price like this: 0.5", "per_mb")
        wanted = Price(str(Decimal(typed.replace(",", "."))), line(currency, "currency", MOST_CURRENCY))
    settings.keep(conn, "price", "per_mb", wanted.per_mb, "")
    settings.keep(conn, "price", "currency", wanted.currency, "")
    return wanted


def _from_json(name: str, value: Any) -> object:
    if name == "currency":
        return str(value)
    if name != "per_mb":
        raise KeyError(name)
    if not PRICE.fullmatch(str(value)):
        raise ValueError(value)
    return str(value)
