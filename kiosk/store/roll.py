"""Taking members from a CSV file, and giving each a card: what the console and the command line share.

Owns nothing; writes through `members` and `cards`. True always: who is there already keeps number and card; a line is
taken or refused with a sentence, and nothing else of it is kept.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from kiosk.errors import Conflict, FormatError, InvalidInput
from kiosk.store import cards, members
from kiosk.store.cards import Press
from kiosk.store.db import Connection, transaction

COLUMNS = ("number", "name")
MOST_LINES = 500
"""Some 0.1 s each on the smallest kiosk, while a browser waits."""


@dataclass(frozen=True)
class Row:
    """A line of a file: its number, and what stands under `number` and `name`."""

    line: int
    number: str
    name: str
    too_long: bool = False
    """Whether more stands in it than has a column, as when a comma in a name was not quoted."""


@dataclass(frozen=True)
class Taken:
    """What became of a line: `what` is "added", "renamed", "same" or "refused"; `problem` says why not; `pin` is the
    new card's, told this once.
    """

    line: int
    number: int | None
    name: str
    what: str
    problem: str = ""
    pin: str = ""


def rows(text: str) -> list[Row]:
    """Return the lines of a CSV, whose first line names the columns; commas or semicolons part them.

    Raises:
        FormatError: it is not CSV, lacks a column, or has too many lines.
    """
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), strict=True, delimiter=";" if ";" in head else ",")
    try:
        names = {name.strip().lower(): name for name in reader.fieldnames or ()}
        if not set(COLUMNS) <= set(names):
            raise FormatError("there are no columns number and name", "the first line names the columns")
        found = list(_rows(reader, names["number"], names["name"]))
    except csv.Error as error:
        raise FormatError(f"this is not CSV: {error}", "save it as CSV, in UTF-8") from error
    if len(found) > MOST_LINES:
        raise FormatError(f"there are more than {MOST_LINES} lines", "make several files of it")
    return found


def _rows(reader: csv.DictReader[str], number: str, name: str) -> Iterator[Row]:
    for row in reader:
        # What has no column stands under None.
        too_long = any(row.get(None, ()))
        yield Row(reader.line_num, (row[number] or "").strip(), " ".join((row[name] or "").split()), too_long)


def take(conn: Connection, press: Press, found: Iterable[Row], now: datetime) -> list[Taken]:
    """Add or rename the member of each line; a line that can not be taken is refused, and the others are taken;
    each in a transaction of its own.
    """
    known = {each.member: each.name for each in members.all_of(conn)}
    told: list[Taken] = []
    for row in found:
        of_this_file = {each.number for each in told if each.what != "refused"}
        with transaction(conn):  # one a line: a PIN takes long by design, and the board must go on being written
            told.append(_take(conn, press, row, known, of_this_file, now))
    return told


def _take(
    conn: Connection, press: Press, row: Row, known: dict[int, str], of_this_file: set[int | None], now: datetime
) -> Taken:
    number = None
    try:
        number = _number_of(row)
        if number in known and number not in of_this_file:
            members.rename(conn, number, row.name)
            return Taken(row.line, number, row.name, "same" if known[number] == row.name else "renamed")
        number, pin = enrol(conn, press, row.name, now, number)
    except InvalidInput as error:
        return Taken(row.line, number, row.name, "refused", error.message)
    return Taken(row.line, number, row.name, "added", pin=pin)


def _number_of(row: Row) -> int | None:
    if row.too_long:
        raise InvalidInput("This line has more columns than the first.", "name")
    return number_in(row.number)


def number_in(text: str) -> int | None:
    """Return a member's number as typed; None when nothing was.

    Raises:
        InvalidInput: it is none.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidInput("Please write digits only.", "number")
    return int(text)


def enrol(conn: Connection, press: Press, name: str, now: datetime, number: int | None = None) -> tuple[int, str]:
    """Add a member with a card; return number and PIN, which is told this once.

    Raises:
        InvalidInput: name or number break their rule, or the number is another member's.
    """
    try:
        number = members.add(conn, name, now, number)
    except Conflict as error:
        raise InvalidInput("This number is another member’s.", "number") from error
    pin = cards.random_pin()
    cards.issue(conn, press, number, pin, now)
    return number, pin


def readers(conn: Connection, paper: int) -> list[tuple[members.Member, int, datetime, int]]:
    """Return who has read a paper: the member, the version, when last and how often; the last reader first."""
    found = [
        (member, read.version, read.last_at, read.times)
        for member in members.all_of(conn)
        for read in members.read_by(conn, member.member)
        if read.paper == paper
    ]
    return sorted(found, key=lambda each: each[2], reverse=True)
