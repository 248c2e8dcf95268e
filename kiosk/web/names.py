"""What the kiosk is called and which languages it offers: the operator's choice, else that of `kiosk.yaml`.

True always: a database that can not be read takes nobody's page away, the error's page least of all.
"""

from __future__ import annotations

from dataclasses import replace

from flask import g

from kiosk.config import About
from kiosk.errors import StoreError
from kiosk.store import site_settings
from kiosk.store.site_settings import SiteSettings
from kiosk.web import current
from kiosk.web.db import conn


def chosen() -> SiteSettings:
    """Return what an operator said; read once a request."""
    if "site_settings" not in g:
        try:
            g.site_settings = site_settings.read(conn())
        except StoreError:
            g.site_settings = SiteSettings()
    found: SiteSettings = g.site_settings
    return found


def kiosk() -> str:
    """Return the kiosk's name."""
    return chosen().name or current.config().name


def about() -> About:
    """Return who runs the kiosk."""
    told = current.config().about
    return replace(told, cooperative=chosen().cooperative or told.cooperative)
