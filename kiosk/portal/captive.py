"""Getting in: the hotspot's portal as phones know it, and the welcome page that their own window shows.

Owns: `/welcome`, what strangers' hosts are answered, and the captive portal API (RFC 8908). True always: before OK was
pressed a probe is sent to the welcome page, afterwards it gets what its maker expects; a window that a person looks at
never gets a 204; nothing is served under a name that is not the kiosk's. Why: docs/decisions/0009-getting-in.md.
"""

from __future__ import annotations

import hmac
import ipaddress
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from kiosk.config import Config
from kiosk.errors import InvalidInput
from kiosk.portal import probes
from kiosk.store import sought, welcomed
from kiosk.store.db import transaction
from kiosk.web import current, phone
from kiosk.web.db import conn

API = "/.well-known/captive-portal"
KEY = "captive"
"""The name of the kiosk's secret under which phones are remembered."""
TELLER = "captive-teller"
"""The name of the secret by which the DHCP server's script is known."""
SECRET_HEADER = "X-Kiosk-Secret"  # noqa: S105 - its name, not its value

R = TypeVar("R", bound=AnyResponse)

pages = Blueprint("captive", __name__)


def install(app: Flask) -> None:
    """Add the pages. OK needs no token: pop-ups keep no cookies, and whoever forges it only saves a visitor a tap."""
    app.register_blueprint(pages)
    # Made now: the DHCP server's script reads the first, and a card that can only be read still serves with the rest.
    for each in (TELLER, KEY, phone.KEY, sought.KEY):
        current.site_of(app).state.secret(each)
    app.extensions["csrf"].exempt(accept)
    app.extensions["csrf"].exempt(forget)


def gate() -> AnyResponse | None:
    """Answer a probe, and whoever asks for a host that is not the kiosk; None for all that the pages answer."""
    if request.method in ("GET", "HEAD"):
        agent, accept = request.headers.get("User-Agent", ""), request.headers.get("Accept", "")
        found = probes.probe(request.path, agent, accept)
        if found:
            return _probed(found) if _is_in() else _to_welcome()
        if probes.is_probe_path(request.path):
            return _to_welcome()
    return None if request.path == API or _is_ours(request.headers.get("Host", "")) else _to_welcome()


@pages.get("/welcome")
def welcome() -> Response:
    """Show how to open the portal in the real browser, and OK; after OK, the way in."""
    agent = request.headers.get("User-Agent", "")
    url = current.config().portal.url
    page = render_template(
        "welcome.html",
        url=url,
        address=urlsplit(url).netloc,
        entered=_is_in(),
        link=probes.lets_links_out(agent),
    )
    return _never_kept(make_response(page))


@pages.post("/welcome")
def accept() -> AnyResponse:
    """Remember that the visitor has pressed OK."""
    state = current.state()
    with transaction(conn()):
        welcomed.welcome(conn(), state.secret(KEY), address(), current.now(), _lasting())
    return _never_kept(redirect(url_for("captive.welcome"), 303))


@pages.post("/welcome/forget")
def forget() -> AnyResponse:
    """Forget the phone at `address`, which has joined or left.

    Called by the DHCP server's script, provisioning/hotspot/kiosk-lease.

    Raises:
        InvalidInput: `address` is none.
    """
    given, wanted = request.headers.get(SECRET_HEADER, ""), current.state().secret(TELLER)
    here = ipaddress.ip_address(address()).is_loopback
    if not here or not hmac.compare_digest(given.encode(), wanted.encode()):
        abort(404)
    try:
        gone = _plain(request.form.get("address", ""))
    except ValueError as error:
        raise InvalidInput("Please fill in this field.", "address") from error
    with transaction(conn()):
        welcomed.forget(conn(), current.state().secret(KEY), gone)
    return _never_kept(Response(status=204))


@pages.get(API)
def api() -> Response:
    """Tell a phone that asks by RFC 8908 whether it is in; not found where the kiosk has no address with TLS."""
    config, now = current.config(), current.now()
    if config.captive.https_url is None:
        abort(404)
    since = _since()
    answer: dict[str, object] = {
        "captive": since is None,
        "user-portal-url": config.captive.https_url + url_for("captive.welcome"),
        "venue-info-url": config.captive.https_url + "/",
    }
    if since is not None:
        answer["seconds-remaining"] = max(0, int((since + _lasting() - now).total_seconds()))
    response = jsonify(answer)
    response.content_type = "application/captive+json"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def address() -> str:
    """Return the address on the hotspot that a request comes from."""
    try:
        return _plain(request.remote_addr or "")
    except ValueError:  # a server that listens on a socket without addresses
        return "127.0.0.1"


def _plain(text: str) -> str:
    found = ipaddress.ip_address(text)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _since() -> datetime | None:
    return welcomed.since(conn(), current.state().secret(KEY), address(), current.now(), _lasting())


def _is_in() -> bool:
    return _since() is not None


def _lasting() -> timedelta:
    return timedelta(hours=current.config().captive.again_hours)


def _is_ours(host: str) -> bool:
    """Tell whether a Host is a name of the portal, none, or a near address, by which no probe asks."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        return name in _names(current.config()) or ipaddress.ip_address(name).is_private
    except ValueError:
        return False


def _names(config: Config) -> set[str]:
    urls = (config.portal.url, config.captive.https_url or "")
    return {"", "localhost", *(urlsplit(url).hostname or "" for url in urls)}


def _to_welcome() -> AnyResponse:
    code = 302 if request.method in ("GET", "HEAD") else 303
    return _never_kept(redirect(current.config().portal.url + url_for("captive.welcome"), code))


def _probed(found: probes.Probe) -> Response:
    response = Response(found.body, found.status, dict(found.headers), content_type=found.type)
    if not found.type:
        del response.headers["Content-Type"]
    return _never_kept(response)


def _never_kept(response: R) -> R:
    response.headers["Cache-Control"] = "no-store"
    return response
