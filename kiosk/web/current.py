"""What a view has at hand while it answers one request.

Owns: the way from a request to the configuration, the clock, the state and the current generation. True always: one
request sees one generation, even when another is activated while it is answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask import Flask, current_app, g

from kiosk.clock import Clock
from kiosk.config import Config
from kiosk.store.state import State


@dataclass(frozen=True)
class Site:
    """One site: "portal" or "console", its title, and what it was made with."""

    name: str
    title: str
    config: Config
    clock: Clock
    state: State


def install(app: Flask, site: Site) -> None:
    """Tie a site to its Flask application."""
    app.extensions["kiosk-site"] = site


def site() -> Site:
    """Return the site that answers."""
    return site_of(current_app)


def site_of(app: Flask) -> Site:
    """Return the site that was tied to an application."""
    found: Site = app.extensions["kiosk-site"]
    return found


def config() -> Config:
    """Return the kiosk's configuration."""
    return site().config


def state() -> State:
    """Return the state folder."""
    return site().state


def now() -> datetime:
    """Return the time now (aware, UTC)."""
    return site().clock()


def today() -> date:
    """Return the day as the village's clocks have it: notices begin and end by it."""
    return now().astimezone(config().time_zone).date()


def generation() -> int:
    """Return the number of the generation this request reads; 0 when nothing is installed yet."""
    if "generation" not in g:
        g.generation = state().current_number()
    number: int = g.generation
    return number
