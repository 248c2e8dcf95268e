"""The files a site's pages are dressed with, under addresses that change when the files do.

Owns: `/static/<hash>/<name>`. True always: a file under its right hash never changes, so a phone
keeps it for a year and asks for it once; text is compressed when the site starts. The icon is small enough to be part
of the page, which spares every phone a request. A site's `styles/*.css`, one a noun, are sent as part of the one
`site.css`.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from flask import Flask, Response, abort, request, url_for
from markupsafe import Markup

from kiosk.web import compression, security

YEAR_SECONDS = 365 * 24 * 3600
ICON = "icon.svg"
SHARED = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Asset:
    """A static file, held in memory: there are few and they are small."""

    digest: str
    type: str
    data: bytes
    small: bytes | None
    """The data compressed, if that is smaller."""


def install(app: Flask) -> None:
    """Serve the shared files and the site's own (which win), and give templates `asset("site.css")` and
    `script("search.js")`, which has the page's policy allow it.
    """
    assets = _assets(Path(app.root_path))

    def static(digest: str, name: str) -> Response:
        found = assets.get(name)
        if found is None:
            abort(404)
        small = found.small if compression.is_read() else None
        response = Response(small or found.data, content_type=found.type)
        if found.small:
            response.vary.add("Accept-Encoding")
        response.set_etag(found.digest)
        if small:
            compression.mark(response)
        # A page from before an update asks by the old hash: it gets today's file, but must not keep it under that name.
        fresh = f"public, max-age={YEAR_SECONDS}, immutable"
        response.headers["Cache-Control"] = fresh if digest == found.digest else "no-cache"
        response.make_conditional(request)
        return response

    def icon() -> Response:
        # For browsers that do not take the page's own and ask for this, on every page, if they are told 404.
        return static(assets[ICON].digest, ICON)

    def asset(name: str) -> str:
        return url_for("static", digest=assets[name].digest, name=name)

    def script(name: str) -> Markup:
        security.allow_scripts()
        return Markup('<script src="{}" defer></script>').format(asset(name))

    app.add_url_rule("/static/<digest>/<name>", "static", static)
    app.add_url_rule("/favicon.ico", "icon", icon)
    drawing = quote(assets[ICON].data.strip(), safe=" =:/'(),;")
    address = Markup(f"data:image/svg+xml,{drawing}")  # noqa: S704 - our own drawing
    app.jinja_env.globals.update(asset=asset, script=script, icon_address=address)


def _assets(root: Path) -> dict[str, Asset]:
    assets = {**_read(SHARED), **_read(root / "static")}
    styles = [assets["site.css"].data, *(path.read_bytes() for path in sorted((root / "styles").glob("*.css")))]
    assets["site.css"] = _asset("site.css", b"\n".join(styles))
    return assets


def _read(folder: Path) -> dict[str, Asset]:
    return {path.name: _asset(path.name, path.read_bytes()) for path in sorted(folder.glob("*"))}


def _asset(name: str, data: bytes) -> Asset:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    small = compression.squeezed(data) if kind in compression.TEXTS else None
    return Asset(hashlib.sha256(data).hexdigest()[:12], kind + charset, data, small)
