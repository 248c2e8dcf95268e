"""The sections of the board, in their order.

Owns: the table `sections`. True always: there is at least one; the four that come with the kiosk are there unless an
operator took them away; a thread is in a section that is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kiosk.errors import Conflict, InvalidInput, NotFound
from kiosk.store.db import Connection
from kiosk.store.typed import clean

TRANSLATED = ("market", "questions", "good-practice", "talk")
"""Those that come with the kiosk, and whose words the portal knows in every language."""
USUAL = "talk"
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
MOST_TITLE = 40


@dataclass(frozen=True)
class Section:
    """A part of the board; `title` is None for those whose word is translated. `sells`: its threads may have a price,
    a place and an end.
    """

    section: str
    title: str | None
    sells: bool
    members_only: bool


def all_of(conn: Connection, *, members: bool) -> list[Section]:
    """Return the sections; without `members`, those that are open to everyone."""
    rows = conn.execute(
        "SELECT section, title, sells, members_only FROM sections WHERE members_only <= ? ORDER BY position, section",
        (int(members),),
    )
    return [Section(row["section"], row["title"], bool(row["sells"]), bool(row["members_only"])) for row in rows]


def get(conn: Connection, section: str) -> Section:
    """Return one section.

    Raises:
        NotFound: there is no such section.
    """
    for found in all_of(conn, members=True):
        if found.section == section:
            return found
    raise NotFound(f"there is no section {section}")


def usual(conn: Connection) -> Section:
    """Return the section for what was written without choosing one: talk, or the first."""
    found = all_of(conn, members=True)
    return next((each for each in found if each.section == USUAL), found[0])


def add(conn: Connection, section: str, title: str, *, sells: bool, members_only: bool) -> None:
    """Add a section after the others.

    Args:
        title: what it is called in every language; "" for one of `TRANSLATED`, which has its words.

    Raises:
        Conflict: there is one of that name.
        InvalidInput: name or title break their rule.
    """
    if not NAME.fullmatch(section):
        raise InvalidInput("A name has small letters, digits and hyphens.", "name")
    kept = _title(section, title)
    if any(each.section == section for each in all_of(conn, members=True)):
        raise Conflict(f"there is a section {section} already")
    conn.execute(
        "INSERT INTO sections SELECT ?, max(position) + 1, ?, ?, ? FROM sections",
        (section, kept, int(sells), int(members_only)),
    )


def change(
    conn: Connection,
    section: str,
    *,
    title: str | None = None,
    sells: bool | None = None,
    members_only: bool | None = None,
    place: int | None = None,
) -> None:
    """Change what is not None.

    Args:
        title: as for `add`.
        place: where it stands, the first being 1.

    Raises:
        InvalidInput: the title breaks its rule.
        NotFound: there is no such section.
    """
    found = get(conn, section)
    conn.execute(
        "UPDATE sections SET title = ?, sells = ?, members_only = ? WHERE section = ?",
        (
            found.title if title is None else _title(section, title),
            int(found.sells if sells is None else sells),
            int(found.members_only if members_only is None else members_only),
            section,
        ),
    )
    if place is not None:
        order = [each.section for each in all_of(conn, members=True) if each.section != section]
        order.insert(max(0, place - 1), section)
        conn.executemany("UPDATE sections SET position = ? WHERE section = ?", enumerate(order, 1))


def remove(conn: Connection, section: str) -> None:
    """Take away a section in which no thread is.

    Raises:
        Conflict: there are threads in it, or it is the last.
        NotFound: there is no such section.
    """
    get(conn, section)
    if count := len(threads_in(conn, section)):
        raise Conflict(f"{section} has {count} threads", "say where they go: --into SECTION")
    if len(all_of(conn, members=True)) == 1:
        raise Conflict(f"{section} is the last section", "`kiosk board set --state off` switches the board off")
    conn.execute("DELETE FROM sections WHERE section = ?", (section,))


def threads_in(conn: Connection, section: str) -> list[int]:
    """Return the numbers of all threads of a section, also those hidden."""
    return [row[0] for row in conn.execute("SELECT thread FROM threads WHERE section = ? ORDER BY thread", (section,))]


def _title(section: str, title: str) -> str | None:
    return clean(title, "title", MOST_TITLE, one_line=True, may_be_empty=section in TRANSLATED) or None
