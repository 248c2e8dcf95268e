"""Which phone asks, as far as the board must know it.

Owns: the number of a phone in the site's signed session cookie, and the keyed hash that stands for it in the store.
True always: a phone that only reads has no number; the store never sees a number or an address, only a hash that
nobody can make without this kiosk's secret.
"""

from __future__ import annotations

import hashlib
import secrets

from flask import request, session

from kiosk.web import current

FIELD = "phone"
KEY = "phones"
"""The secret of the hashes."""


def phone() -> str:
    """Return this phone's random number, made now when it has none: to be called where something is written."""
    if FIELD not in session:
        session[FIELD] = secrets.token_urlsafe(16)
        session.permanent = True
    return str(session[FIELD])


def known() -> str | None:
    """Return this phone's number, or None when it never wrote anything."""
    found = session.get(FIELD)
    return str(found) if found else None


def address() -> str:
    """Return the client's address; several phones may share one."""
    return request.remote_addr or ""


def hashed(text: str) -> str:
    """Return what the store may keep for a phone's number or an address (32 hex digits)."""
    key = bytes.fromhex(current.state().secret(KEY))
    return hashlib.blake2b(text.encode(), key=key, digest_size=16).hexdigest()
