"""The words of the board that both sites use: its sections, and why a post may be reported."""

from __future__ import annotations

from flask_babel import lazy_gettext

from kiosk.store.sections import Section

SECTIONS = {
    "market": lazy_gettext("Market"),
    "questions": lazy_gettext("Questions"),
    "good-practice": lazy_gettext("Good practice"),
    "talk": lazy_gettext("Talk"),
}
REASONS = {
    "rude": lazy_gettext("It insults or threatens someone"),
    "fraud": lazy_gettext("It tries to cheat people"),
    "private": lazy_gettext("It tells what is private"),
    "false": lazy_gettext("It is false and does harm"),
    "other": lazy_gettext("Something else"),
}


def section_word(section: Section) -> str:
    """Return what a section is called."""
    return section.title or str(SECTIONS.get(section.section, section.section))
