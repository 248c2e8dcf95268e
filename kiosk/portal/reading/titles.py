"""The books that can be read now, as kiwix-serve's own catalogue has them.

Owns: the one table of them in this process, made anew when another generation is current. True always: a name is
taken from the catalogue, never made up from a file's name.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from xml.etree import ElementTree

from flask import Flask, current_app

from kiosk.config import Site
from kiosk.errors import NotFound
from kiosk.portal import kiwix
from kiosk.portal.kiwix import OpenBook
from kiosk.portal.reading import service
from kiosk.portal.reading.service import ServiceDown
from kiosk.web import current

UNSETTLED_SECONDS = 10.0
"""So long after a new generation kiwix-serve may still answer from the old one."""
KEPT_SECONDS = 2.0
"""How long the table is believed in that time, and when something is asked for that is not in it."""


@dataclass(frozen=True)
class Title:
    """A book, and the UUID that its bytes have; `settled`: no other book can be what kiwix-serve answers from."""

    uuid: str
    book: OpenBook
    settled: bool

    @property
    def inside(self) -> str:
        """What the addresses of its pages begin with where kiwix-serve has them."""
        return f"{self.book.path.rstrip('/')}/"


class Titles:
    """The books of one kiwix-serve.

    Args:
        service: where it listens.
        generation: the number of the generation from before it was started.
    """

    def __init__(self, service: Site, generation: int) -> None:
        self.service = service
        self._lock = Lock()
        self._generation = generation
        self._since = self._read_at = -math.inf
        self._books: dict[str, OpenBook] = {}

    def install(self, app: Flask) -> None:
        """Tie the table to the site that reads from it."""
        app.extensions["kiosk-titles"] = self

    def named(self, name: str) -> Title | None:
        """Return the book of this name, None if there is none.

        Raises:
            ServiceDown: kiwix-serve does not answer.
        """
        return self._find(lambda _uuid, book: book.name == name)

    def of(self, wanted: str) -> Title | None:
        """Return the book with this UUID, None if there is none.

        Raises:
            ServiceDown: kiwix-serve does not answer.
        """
        return self._find(lambda uuid, _book: uuid == wanted)

    def _find(self, fits: Callable[[str, OpenBook], bool]) -> Title | None:
        with self._lock:
            if self._is_stale():
                self._read()
            found = self._found(fits)
            if found is None and time.monotonic() - self._read_at > KEPT_SECONDS:
                self._read()
                found = self._found(fits)
            return found

    def _found(self, fits: Callable[[str, OpenBook], bool]) -> Title | None:
        for uuid, book in self._books.items():
            if fits(uuid, book):
                return Title(uuid, book, self._is_settled())
        return None

    def _is_stale(self) -> bool:
        generation, now = current.generation(), time.monotonic()
        if generation != self._generation:
            self._generation, self._since = generation, now
            return True
        return not self._is_settled() and now - self._read_at > KEPT_SECONDS

    def _is_settled(self) -> bool:
        return self._read_at > self._since + UNSETTLED_SECONDS

    def _read(self) -> None:
        data = service.ask(self.service, kiwix.CATALOGUE).data(kiwix.MOST_CATALOGUE_BYTES)
        try:
            self._books = kiwix.read_catalogue(data)
        except ElementTree.ParseError as error:
            raise ServiceDown(f"kiwix-serve's catalogue can not be read: {error}") from error
        self._read_at = time.monotonic()


def known() -> Titles:
    """Return the table of the site that answers."""
    found: Titles = current_app.extensions["kiosk-titles"]
    return found


def asked_for(query: Mapping[str, str]) -> Title | None:
    """Return the book that a search asks for: by UUID or name, as kiwix-serve's own forms do; None for no such book."""
    if uuid := query.get("books.id"):
        return known().of(uuid)
    return known().named(query.get("book") or query.get("books.name") or query.get("content") or "")


def wanted(name: str) -> Title:
    """Return the book of this name.

    Raises:
        NotFound: there is none.
        ServiceDown: kiwix-serve does not answer.
    """
    found = known().named(name)
    if found is None:
        raise NotFound(f"there is no book {name}")
    return found
