"""What keeps strangers' bytes harmless in a visitor's browser.

Owns: the headers of every answer, and the sanitising of HTML that packs bring. True always: a page runs no script but
files of our own that its template names, and loads nothing from elsewhere; sanitised HTML holds only the tags and
attributes listed here.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import nh3
from flask import Flask, Response, g
from markupsafe import Markup

from kiosk.packs.films import is_film

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

TAGS = {
    "p", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "blockquote", "table", "thead", "tbody", "tr", "th",
    "td", "img", "a", "br", "hr", "code", "pre",
}  # fmt: skip
ATTRIBUTES = {"img": {"src", "alt"}, "a": {"href"}}
HOST = re.compile(r"(?:[\w-]{1,63}(?:\.[\w-]{1,63}){0,30}\.?|\[[\da-fA-F:.]{2,60}\])?(?::\d{0,5})?", re.ASCII)
"""What a Host header may be: a name or an address, and a port."""
NOT_A_PICTURE = re.compile(r'(<p>\s*)?<img((?: (?:alt|loading)="[^"]*"| src="~\d+")*)>(\s*</p>)?')
"""An image without a source, or one that `clean` marked as a film, as nh3 writes them (quotes inside values are written
as entities); and whether it is alone in its paragraph.
"""
FILM, SHOWN = re.compile(r' src="~(\d+)"'), re.compile(r' alt="([^"]*)"')

AssetUrl = Callable[[str], str | None]
"""Takes the path of an entry; returns the URL it is served under, or None when there is no such entry."""
Player = Callable[[str, str], Markup | None]
"""Takes the path of a film or sound as a text names it, and what it shows; returns what plays it, of our own making, or
None when there is no such entry.
"""


def policy(*form_targets: str, scripts: bool = False) -> str:
    """Return the Content-Security-Policy of a page whose forms may also be sent to the origins of `form_targets`.

    `scripts`: whether it may run the site's own script files, and those may ask the site.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "img-src 'self' data:",  # the page's own icon; sanitised HTML keeps no such address
            "style-src 'self'",
            "media-src 'self'",
            " ".join(("form-action 'self'", *form_targets)),
            *(("script-src 'self'", "connect-src 'self'") if scripts else ()),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def allow_scripts() -> None:
    """Let the page that is being made run the site's own script files."""
    g.scripts_allowed = True


def scripts_allowed() -> bool:
    """Tell whether the page that was made may run the site's own script files."""
    return bool(g.get("scripts_allowed", False))


def install(app: Flask) -> None:
    """Set the headers on every answer that has not set its own, and refuse hosts that no browser sends."""
    app.after_request(_add_headers)
    app.wsgi_app = _HostChecked(app.wsgi_app)  # type: ignore[method-assign]


class _HostChecked:
    """A WSGI application that is spared a Host header from which Flask can not even build an error page."""

    def __init__(self, inner: WSGIApplication) -> None:
        self._inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if _is_host(environ.get("HTTP_HOST", "")):
            return self._inner(environ, start_response)
        refusal = Response("400: the Host header names no host\n", 400, content_type="text/plain; charset=utf-8")
        refusal.headers["Cache-Control"] = "no-store"
        return _secured(refusal, policy())(environ, start_response)


def _is_host(text: str) -> bool:
    try:
        urlsplit(f"//{text}")  # refuses what stands in brackets and is no address
    except ValueError:
        return False
    return HOST.fullmatch(text) is not None


def _add_headers(response: Response) -> Response:
    return _secured(response, policy(scripts=scripts_allowed()))


def _secured(response: Response, content_policy: str) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", content_policy)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    # A page speaks the visitor's language and shows the current generation: a stored copy must be asked about.
    headers.setdefault("Cache-Control", "no-cache")
    return response


def clean(html: str, asset_url: AssetUrl, player: Player | None = None) -> Markup:
    """Return an HTML fragment with nothing but harmless tags; pictures and films that are not entries are left out.

    Args:
        html: a lesson or notice as its pack brought it.
        asset_url: from the path of an entry to the URL of the picture.
        player: what stands for a film or sound; without it they are left out.
    """
    films: list[str] = []

    def keep(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) == ("img", "src"):
            path = unquote(value)
            if not is_film(path):
                return asset_url(value) or asset_url(path)
            films.append(path)
            return f"~{len(films) - 1}"
        if (tag, attribute) == ("a", "href"):
            return value if _stays_here(value) else None
        return value if (tag, attribute) in (("img", "alt"), ("img", "loading")) else None

    def show(match: re.Match[str]) -> str:
        opened, inside, closed = (part or "" for part in match.groups())
        film, shown = FILM.search(inside), SHOWN.search(inside)
        if not (film and player and opened and closed):
            return opened + closed
        return player(films[int(film[1])], entities.unescape(shown[1]) if shown else "") or Markup()

    cleaned = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=keep,
        url_schemes=set(),
        link_rel=None,
        set_tag_attribute_values={"img": {"loading": "lazy"}},
    )
    # All in one go, so that nothing of the pack's can pass for a player, nor a player's part for the pack's.
    return Markup(NOT_A_PICTURE.sub(show, cleaned))  # noqa: S704 - this is where it became safe


def _stays_here(href: str) -> bool:
    # Browsers drop control signs and read \ as /, so both are refused rather than understood.
    if any(ord(sign) <= 32 or sign == "\\" for sign in href) or href.startswith("/"):
        return False
    try:
        parts = urlsplit(href)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc
