"""The sections of the board, in their order.

Owns: the table `sections`. True always: the four that come with the kiosk are there unless an operator took them away.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.errors import NotFound
from kiosk.store.db import Connection


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
