"""Who is signed in on the phone that asks.

True always: what is for members only is asked for here and nowhere else; whatever was made for a signed-in member is
kept by no browser (`Cache-Control: no-store`), whichever page it is; a session is looked up once a request.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import NoReturn
from urllib.parse import quote, urlencode

from flask import Flask, Response, abort, g, redirect, request, session, url_for

from kiosk.errors import StoreError
from kiosk.store import cards, sessions
from kiosk.store.cards import Press
from kiosk.store.db import transaction
from kiosk.store.sessions import Session
from kiosk.web import current
from kiosk.web.db import conn

COOKIE_TOKEN = "member"  # noqa: S105 - where the token lies in the cookie
HERE = re.compile(r"/(?![/\\])[!-\[\]-~]{0,300}")
"""An address on this portal: one slash, and nothing that a browser would read as another host."""


def install(app: Flask) -> None:
    """Keep members' pages out of browsers' caches, and give templates `member()`: the session, or None."""
    app.before_request(_look_up)
    app.after_request(_keep_nothing)
    app.context_processor(lambda: {"member": session_here})


def signed_in() -> int | None:
    """Return the number of the member who is signed in on this phone, or None."""
    found = session_here()
    return found.member if found else None


def required() -> int:
    """Return the number of the member who is signed in; else the request ends on the page to sign in, and comes back
    to this one from there.
    """
    return required_session().member


def required_session() -> Session:
    """Return the session of the member who is signed in, as `required` does the number."""
    g.for_members = True
    return session_here() or _sign_in_first()


def session_here() -> Session | None:
    """Return the session of this request, None if nobody is signed in."""
    found: Session | None = g.get("member_session")
    g.for_members = g.get("for_members", False) or found is not None
    return found


def press() -> Press:
    """Return what knows cards on this kiosk."""
    return Press(cards.secret(conn(), current.state()))


def local(address: str) -> str:
    """Return an address of this portal as it was asked for, or "" for any other."""
    return address if HERE.fullmatch(address) else ""


def _look_up() -> None:
    # Before the view, which may be inside a transaction when it asks.
    token = str(session.get(COOKIE_TOKEN, ""))
    if not token or request.endpoint == "static":
        return
    limits, now = current.config().members, current.now()
    g.member_session = found = sessions.find(conn(), token, now, limits.idle, limits.longest)
    with suppress(StoreError):  # on a full card a session can be read, and ends early
        if found is None:
            session.pop(COOKIE_TOKEN)
            with transaction(conn()):
                sessions.end(conn(), token)
        elif found.stale:
            with transaction(conn()):
                sessions.touch(conn(), token, now)


def _sign_in_first() -> NoReturn:
    asked = quote(request.path) + (f"?{urlencode(list(request.args.items(multi=True)))}" if request.args else "")
    here = local(asked) if request.method == "GET" else ""
    abort(redirect(url_for("members.sign_in", next=here or None), 303))


def _keep_nothing(response: Response) -> Response:
    if g.get("for_members"):
        response.headers["Cache-Control"] = "no-store"
    return response
