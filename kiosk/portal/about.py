"""About: who runs this kiosk, and what is stored about a visitor.

True always: the numbers on the page are those the code keeps to, taken from where they count; what a table keeps about
people is told here (tests/portal/test_about.py knows every table).
"""

from __future__ import annotations

from flask import Blueprint, render_template

from kiosk.store.own_posts import OWN_MINUTES
from kiosk.web import current, names

HOUR_MINUTES = 60

pages = Blueprint("about", __name__, url_prefix="/about")


@pages.get("")
def show() -> str:
    """Show who runs this, and what is kept for how long."""
    config = current.config()
    return render_template(
        "about.html",
        about=names.about(),
        again_minutes=config.captive.again_hours * HOUR_MINUTES,
        own_minutes=OWN_MINUTES,
        idle_minutes=int(config.members.idle.total_seconds()) // 60,
        most_minutes=int(config.members.longest.total_seconds()) // 60,
    )
