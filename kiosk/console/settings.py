"""Settings: how the kiosk and its cooperative are called, the portal's languages, and the hour of the night's work.

True always: a field that is left empty is as `kiosk.yaml` has it.
"""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.console.session import needs, who
from kiosk.errors import InvalidInput
from kiosk.store import audit, site_settings
from kiosk.store.db import transaction
from kiosk.store.site_settings import SiteSettings
from kiosk.web import current, i18n
from kiosk.web.db import conn

pages = Blueprint("settings", __name__, url_prefix="/settings")


@pages.get("")
@needs("manager")
def show() -> str:
    """Show the settings."""
    return _page(site_settings.read(conn()), {})


@pages.post("")
@needs("manager")
def save() -> Response | tuple[str, int]:
    """Keep the settings."""
    form = request.form
    chosen = tuple(code for code in i18n.LANGUAGES if code in form.getlist("language"))
    hour = form.get("night_hour", "").strip()
    wanted = SiteSettings(
        name=form.get("name", "").strip(),
        cooperative=form.get("cooperative", "").strip(),
        # All of them is no choice: a language that comes with an update is then offered too.
        languages=() if len(chosen) == len(i18n.LANGUAGES) else chosen,
        night_hour=int(hour) if hour.isascii() and hour.isdigit() and len(hour) < 3 else -1,
    )
    if not chosen:
        return _page(wanted, {"language": gettext("Please choose one of these.")}), 422
    try:
        with transaction(conn()):
            site_settings.save(conn(), wanted)
            audit.record(conn(), who(), "settings.changed", wanted.name, current.now())
    except InvalidInput as error:
        return _page(wanted, {error.field: i18n.message(error)}), 422
    flash(gettext("The settings are kept."), "done")
    return redirect(url_for("settings.show"), 303)


def _page(found: SiteSettings, problems: dict[str, str]) -> str:
    return render_template(
        "settings.html",
        found=found,
        problems=problems,
        config=current.config(),
        languages=[
            (code, word, not found.languages or code in found.languages) for code, word in i18n.LANGUAGES.items()
        ],
        elsewhere=_elsewhere(),
    )


def _elsewhere() -> list[tuple[str, str]]:
    """Return the addresses and words of the pages where other things are set."""
    words = {
        "wifi.show": gettext("Change the Wi-Fi"),
        "clock.show": gettext("Set the clock"),
        "budget.show": gettext("Data budget"),
        "board_settings.show": gettext("Rules and sections"),
        "members.show": gettext("Members"),
        "reports.show": gettext("Reports"),
        "operators.show": gettext("Operators"),
        "backup.show": gettext("Backup"),
    }
    return [(url_for(page), word) for page, word in words.items() if page in current_app.view_functions]
