"""One file to send to whoever helps: how the machine is, what is installed, and what happened lately.

True always: it holds no secret of this kiosk, no name of a person, and nothing that anyone wrote; addresses lose the
password that may stand in them.
"""

from __future__ import annotations

import dataclasses
import json
import platform
import re
import shutil
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from flask import Blueprint, Response

from kiosk.config import Config
from kiosk.console.session import needs
from kiosk.host import health, timekeeping
from kiosk.store import audit, events, generations, settings
from kiosk.store import clock as clocks
from kiosk.store.db import Connection, to_text
from kiosk.store.events import Event
from kiosk.web import current
from kiosk.web.db import conn

MOST_EVENTS = 300
KINDS = ("sync.", "carry.", "trust.", "machine.", "clock.", "wifi.", "backup.")
"""What events and acts are about that help; the others are about people."""
OF_PEOPLE = frozenset(("who", "name", "why", "title", "note"))
"""Parts of an event that people wrote, or that name them."""
SIGNED_IN = re.compile(r"(\w+://)[^/@\s]*@")
HIDDEN = "(not shown)"

pages = Blueprint("diagnostics", __name__)


@pages.get("/machine/diagnostics")
@needs("manager")
def file() -> Response:
    """Hand out the file."""
    now = current.now()
    text = json.dumps(_value(conn(), now), indent=1, ensure_ascii=False, default=str)
    response = Response(_without_secrets(text, current.state().folder / "secrets"), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="kiosk-{now:%Y-%m-%d-%H%M}.json"'
    return response


def _value(conn: Connection, now: datetime) -> dict[str, Any]:
    machine = health.read()
    usage = shutil.disk_usage(current.state().folder)
    reading = dataclasses.replace(timekeeping.read(), at=now)
    return {
        "made_at": to_text(now),
        "version": metadata.version("telecenter-kiosk"),
        "system": {"kernel": platform.release(), "machine": platform.machine(), "python": platform.python_version()},
        "config": _config(current.config()),
        "health": dataclasses.asdict(machine),
        "disk": {"free_bytes": usage.free, "total_bytes": usage.total},
        "clock": {"machine": dataclasses.asdict(reading), "judged": dataclasses.asdict(clocks.now(conn, reading))},
        "memory_of_time": dataclasses.asdict(clocks.memory(conn)),
        "settings": dataclasses.asdict(settings.sync(conn)),
        "generation": _generation(conn),
        "events": [_event(each) for each in events.last(conn, "", MOST_EVENTS) if each.kind.startswith(KINDS)],
        "acts": [
            {"at": to_text(each.at), "kind": each.kind}
            for each in audit.last(conn, MOST_EVENTS)
            if each.kind.startswith(KINDS)
        ],
    }


def _config(config: Config) -> dict[str, Any]:
    value = dataclasses.asdict(config)
    del value["about"]  # people's names and numbers
    return value


def _generation(conn: Connection) -> dict[str, Any] | None:
    found = generations.get(conn, current.generation())
    return dataclasses.asdict(found) if found else None


def _event(event: Event) -> dict[str, Any]:
    detail = {key: HIDDEN if key in OF_PEOPLE else value for key, value in event.detail.items()}
    return {"at": to_text(event.at), "kind": event.kind, "detail": detail}


def _without_secrets(text: str, secrets: Path) -> str:
    text = SIGNED_IN.sub(r"\1", text)
    # Nothing above holds one; this holds even when somebody adds something that does.
    for path in secrets.iterdir():
        secret = path.read_bytes().decode("utf-8", "replace").strip() if path.is_file() else ""
        if secret:
            text = text.replace(secret, HIDDEN)
    return text
