"""What lessons and notices show: their pictures, and what plays a film or sound inside them.

Owns: the player, plain `<video>` or `<audio>` of our own making. True always: it is made from entries of the item and
escaped text alone, never from tags that a pack brought; nothing is fetched before someone presses play; each size can
be played and saved on the phone by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template, url_for
from markupsafe import Markup

from kiosk.packs import films
from kiosk.store import collections
from kiosk.store.items import Item
from kiosk.web.db import conn
from kiosk.web.security import clean


@dataclass(frozen=True)
class Size:
    """A file to play or to save; `lines` is the height of its picture, None when nobody told."""

    url: str
    save_url: str
    type: str
    lines: int | None
    size_bytes: int


def shown(item: Item, html: str) -> Markup:
    """Return a text of an item as it may be shown: sanitised, with its pictures, films and sounds."""
    return clean(html, lambda path: _picture_url(item, path), lambda path, caption: _player(item, path, caption))


def _picture_url(item: Item, path: str) -> str | None:
    found = collections.entry(conn(), item.collection, path)
    return _url(item, found.path) if found else None


def _player(item: Item, path: str, caption: str) -> Markup | None:
    """Return what plays the film or sound that a text of an item calls `path`, or None when the item has no such."""
    near = {entry.path: entry for entry in collections.beside(conn(), item.collection, films.stem(path) + ".")}
    film = films.find(path, near)
    if film is None:
        return None
    sizes = [
        Size(
            _url(item, each.path),
            _url(item, each.path, "yes"),
            films.type_of(each.path),
            each.lines,
            near[each.path].size_bytes,
        )
        for each in film.sizes
    ]
    page = render_template(
        "player.html",
        kind=films.type_of(path).partition("/")[0],
        sizes=sizes,
        caption=caption,
        captions=_url(item, film.captions) if film.captions else None,
        still=_url(item, film.still) if film.still else None,
        spoken=item.language,
    )
    return Markup(page)  # noqa: S704 - our own template, which escapes


def _url(item: Item, path: str, save: str | None = None) -> str:
    return url_for("files.send", pack=item.pack, item=item.item, language=item.language, path=path, save=save)
