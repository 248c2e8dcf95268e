"""One paper: its file, its words as pages that every phone shows, and the picture of its first page.

Owns: `/documents/…` below the shelf. True always: what is for members goes to signed-in members only, is kept by no
browser, and each reading of it is recorded; nothing is sent as a type that a browser would run.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress

from flask import Blueprint, Response, render_template, request

from kiosk.errors import NoSpace, NotFound
from kiosk.packs.papers import ENDINGS
from kiosk.portal import counting, files, membership
from kiosk.store import facts, items, members, papers
from kiosk.store.db import transaction
from kiosk.store.papers import Paper, Version
from kiosk.web import current
from kiosk.web.db import conn

PAGE_LETTERS = 9_000
"""Words of a paper on one page: a page stays small enough for a weak radio."""

pages = Blueprint("papers", __name__, url_prefix="/documents")


@pages.get("/<row:paper>/<row:version>")
def send(paper: int, version: int) -> Response:
    """Send a version of a paper that was added here, whole or in a range."""
    found, wanted = _allowed(paper, version)
    _note_reading(found, version)
    response = files.respond(
        current.state().document_path(wanted.sha256), wanted.type, wanted.sha256, _file_name(wanted), kept_seconds=0
    )
    counting.file(response, "documents", f"paper:{paper}")
    return response


@pages.get("/<row:paper>/<row:version>/words")
def words_added(paper: int, version: int) -> Response:
    """Show the words of a version of a paper that was added here."""
    found, wanted = _allowed(paper, version)
    page = _words(wanted.title, found.language, wanted.sha256)
    _note_reading(found, version)
    return page


@pages.get("/<row:paper>/<row:version>/picture")
def picture_added(paper: int, version: int) -> Response:
    """Send the picture of the first page of a version of a paper that was added here."""
    _, wanted = _allowed(paper, version)
    return _picture(wanted.sha256)


@pages.get("/words/<pack>/<item>/<language>/<path:path>")
def words(pack: str, item: str, language: str, path: str) -> Response:
    """Show the words of a paper that a pack brought."""
    found = items.get(conn(), current.generation(), pack, item, language, "document")
    return _words(found.title, language, items.entry(conn(), found, path).sha256)


@pages.get("/picture/<pack>/<item>/<language>/<path:path>")
def picture(pack: str, item: str, language: str, path: str) -> Response:
    """Send the picture of the first page of a paper that a pack brought."""
    found = items.get(conn(), current.generation(), pack, item, language, "document")
    return _picture(items.entry(conn(), found, path).sha256)


def _allowed(paper: int, version: int) -> tuple[Paper, Version]:
    found = papers.get(conn(), paper)
    if found.withdrawn_at:
        raise NotFound(f"paper {paper} is withdrawn")
    if found.members_only:
        membership.required()
    for each in found.versions:
        if each.version == version:
            return found, each
    raise NotFound(f"paper {paper} has no version {version}")


def _note_reading(paper: Paper, version: int) -> None:
    if paper.members_only and request.method == "GET":
        with suppress(NoSpace), transaction(conn()):  # a full card keeps nobody from reading
            members.record_reading(conn(), membership.required(), paper.paper, version, current.now())


def _words(title: str, language: str, sha256: str) -> Response:
    pieces = cut(facts.text(conn(), sha256))
    asked = request.args.get("page", "1")
    number = int(asked) if re.fullmatch(r"[1-9]\d{0,5}", asked) else 1
    if number > len(pieces):
        raise NotFound("the paper has no words there")
    page = render_template(
        "words.html", title=title, paper_language=language, text=pieces[number - 1], number=number, count=len(pieces)
    )
    return Response(page, content_type="text/html; charset=utf-8")


def cut(text: str) -> list[str]:
    """Return a text in pieces of up to `PAGE_LETTERS`, cut between lines or words where there are any."""
    pieces = []
    while len(text) > PAGE_LETTERS:
        near = range(PAGE_LETTERS // 2, PAGE_LETTERS)
        at = max(text.rfind(sign, near.start, near.stop) for sign in ("\n", " "))
        at = at if at > 0 else PAGE_LETTERS
        pieces.append(text[:at].strip())
        text = text[at:].lstrip()
    return [*pieces, text.strip()] if text.strip() else pieces


def _picture(sha256: str) -> Response:
    known = facts.of(conn(), sha256)
    if known is None or not known.picture:
        raise NotFound("the paper has no picture")
    file = current.state().pictures / known.picture
    return files.respond(file, "image/jpeg", sha256, "page.jpg", kept_seconds=files.KEPT_SECONDS)


def _file_name(version: Version) -> str:
    plain = unicodedata.normalize("NFKD", version.title).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:60] or "paper"
    return f"{name}.{ENDINGS[version.type]}"
