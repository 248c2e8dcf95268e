"""The words a manifest uses for subjects, levels and categories, as visitors and operators read them."""

from __future__ import annotations

from flask import Flask
from flask_babel import gettext, lazy_gettext, ngettext

SUBJECTS = {
    "governance": lazy_gettext("Governance"),
    "money": lazy_gettext("Money"),
    "farming": lazy_gettext("Farming"),
    "health": lazy_gettext("Health"),
    "digital": lazy_gettext("Phones and computers"),
    "language": lazy_gettext("Language"),
    "reference": lazy_gettext("Reference"),
}
LEVELS = {
    "beginner": lazy_gettext("For beginners"),
    "intermediate": lazy_gettext("For those who know some"),
    "advanced": lazy_gettext("For those who know much"),
}
CATEGORIES = {
    "model-papers": lazy_gettext("Model papers"),
    "forms": lazy_gettext("Forms to fill in"),
    "law": lazy_gettext("Law"),
    "prices": lazy_gettext("Prices"),
    "reports": lazy_gettext("Reports"),
    "other": lazy_gettext("Other papers"),
}


def install(app: Flask) -> None:
    """Give templates the filters `subject`, `level`, `category`, `minutes` and `length_of_time`, and all words of the
    first two.
    """
    app.jinja_env.globals.update(subject_words=SUBJECTS, level_words=LEVELS)
    app.jinja_env.filters.update(
        subject=SUBJECTS.__getitem__,
        level=LEVELS.__getitem__,
        category=CATEGORIES.__getitem__,
        minutes=minutes,
        length_of_time=length_of_time,
    )


def minutes(value: int) -> str:
    """Return a length of time such as "20 minutes" or "3 h 30 min"."""
    if value <= 60:
        return str(ngettext("%(num)d minute", "%(num)d minutes", value))
    if value % 60 == 0:
        return str(gettext("%(hours)d h", hours=value // 60))
    return str(gettext("%(hours)d h %(minutes)d min", hours=value // 60, minutes=value % 60))


def length_of_time(seconds: int) -> str:
    """Return how long something takes, in whole minutes: an estimate is no better than that."""
    return minutes(max(1, -(-seconds // 60)))
