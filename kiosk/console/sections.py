"""The parts of the console, as its navigation shows them."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString, lazy_gettext


@dataclass(frozen=True)
class Section:
    """A part of the console.

    `name` is the blueprint whose page `show` is its first, and names the icon; `rights` is what it takes to come here;
    `holds` names the other blueprints whose pages belong to it.
    """

    name: str
    word: LazyString
    rights: str = "editor"
    holds: tuple[str, ...] = ()


SECTIONS = (
    Section("status", lazy_gettext("Start")),
    Section("content", lazy_gettext("Content"), holds=("running", "going_back", "sticks")),
    Section("budget", lazy_gettext("Data budget")),
    Section("documents", lazy_gettext("Papers"), holds=("uploads",)),
    Section("notices", lazy_gettext("Notices")),
    Section("board", lazy_gettext("Board"), holds=("board_settings",)),
    Section("members", lazy_gettext("Members")),
    Section("reports", lazy_gettext("Reports")),
    Section("machine", lazy_gettext("Machine"), holds=("clock", "wifi", "diagnostics", "database")),
    Section("backup", lazy_gettext("Backup"), "manager", holds=("restore",)),
    Section("settings", lazy_gettext("Settings"), "manager"),
    Section("operators", lazy_gettext("Operators"), "manager"),
    Section("audit", lazy_gettext("What was done"), "manager"),
)
"""In the order of the navigation."""
