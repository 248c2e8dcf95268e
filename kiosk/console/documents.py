"""The papers of this kiosk: the list, one with all its versions, withdraw and restore; and what an upload becomes.

True always: no version is ever changed or removed here; a file is offered to be kept, never shown in the console.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from kiosk.console.session import who
from kiosk.errors import HostError, InvalidInput, NotFound
from kiosk.host import papers as reader
from kiosk.packs.kinds import CATEGORIES
from kiosk.packs.papers import ENDINGS, Reading
from kiosk.store import audit, facts, items, papers, uploads
from kiosk.store.db import transaction
from kiosk.store.papers import MOST_TITLE, Draft
from kiosk.store.uploads import Wanted
from kiosk.web import current, i18n
from kiosk.web.db import conn

NUMBER = re.compile(r"[1-9]\d{0,17}", re.ASCII)

pages = Blueprint("documents", __name__, url_prefix="/documents")


@dataclass(frozen=True)
class Typed:
    """What was typed into the form of a paper, and what is wrong with it, by field."""

    title: str = ""
    category: str = "other"
    language: str = ""
    members_only: bool = False
    problems: dict[str, str] = field(default_factory=dict)


@pages.get("")
def show() -> str:
    """Show all papers, files that wait for their rest, and the form to add some."""
    return page(Typed())


def page(typed: Typed) -> str:
    """Return the page of all papers, its form as it was typed."""
    found = sorted(papers.all_of(conn()), key=lambda each: (each.newest.added_at, each.paper), reverse=True)
    return render_template(
        "documents.html",
        shown=[each for each in found if not each.withdrawn_at],
        withdrawn=[each for each in found if each.withdrawn_at],
        waiting=uploads.unfinished(conn()),
        typed=typed,
        kept_days=uploads.KEPT.days,
        **_choices(),
    )


@pages.get("/<row:paper>")
def one(paper: int) -> str:
    """Show a paper with all its versions, and the form for a newer one."""
    return page_of(paper, Typed())


def page_of(paper: int, typed: Typed, place: Typed | None = None) -> str:
    """Return the page of one paper, its forms as they were typed; `place` is that of where it stands."""
    found = papers.get(conn(), paper)
    place = place or Typed("", found.category, found.language, found.members_only)
    told = [(each, facts.of(conn(), each.sha256), ENDINGS[each.type].upper()) for each in found.versions]
    return render_template("document.html", paper=found, versions=told, typed=typed, place=place, **_choices())


@pages.get("/<row:paper>/<row:version>")
def send(paper: int, version: int) -> Response:
    """Send a version, to be kept."""
    for each in papers.get(conn(), paper).versions:
        file = current.state().document_path(each.sha256)
        if each.version == version and file.is_file():
            name = re.sub(r"\W+", "-", each.title).strip("-")[:60] or "paper"
            return send_file(file, mimetype=each.type, as_attachment=True, download_name=f"{name}.{ENDINGS[each.type]}")
    raise NotFound(f"paper {paper} has no version {version}")


@pages.post("/<row:paper>/place")
def move(paper: int) -> AnyResponse | tuple[str, int]:
    """Put a paper on another shelf, under another language, or before others' eyes."""
    form = request.form
    said = Typed("", form.get("category", ""), form.get("language", ""), form.get("who") == "members")
    try:
        with transaction(conn()):
            papers.move(conn(), paper, said.category, said.language, members_only=said.members_only)
            _record("paper.moved", paper)
    except InvalidInput as error:
        return page_of(paper, Typed(), replace(said, problems={error.field: i18n.message(error)})), 422
    flash(gettext("Done."), "done")
    return redirect(url_for("documents.one", paper=paper), 303)


@pages.post("/<row:paper>/withdraw")
def withdraw(paper: int) -> AnyResponse:
    """Show a paper to nobody any more."""
    with transaction(conn()):
        papers.withdraw(conn(), paper, current.now())
        _record("paper.withdrawn", paper)
    flash(gettext("Nobody sees it any more. It is kept, and can be restored."), "done")
    return redirect(url_for("documents.one", paper=paper), 303)


@pages.post("/<row:paper>/restore")
def restore(paper: int) -> AnyResponse:
    """Show a paper that was withdrawn again."""
    with transaction(conn()):
        papers.restore(conn(), paper)
        _record("paper.restored", paper)
    flash(gettext("It is shown again."), "done")
    return redirect(url_for("documents.one", paper=paper), 303)


def wanted(name: str) -> Wanted:
    """Return what the form says a file of this name is to become.

    Raises:
        InvalidInput: it names no paper.
    """
    number = request.form.get("paper", "")
    if number and not NUMBER.fullmatch(number):
        raise InvalidInput("Please choose one of these.", "paper")
    title = request.form.get("title", "").strip()
    if not title and not number:
        title = title_from(name)
    return Wanted(
        title,
        request.form.get("category", ""),
        request.form.get("language", ""),
        request.form.get("who") == "members",
        int(number) if number else None,
    )


def title_from(name: str) -> str:
    """Return a title for a file of this name, without its folder and ending."""
    last = re.split(r"[/\\]", name)[-1]
    stem = last.rpartition(".")[0] or last
    return re.sub(r"[\W_]+", " ", stem).strip()[:MOST_TITLE] or last[:MOST_TITLE]


def typed(at: str, problem: str) -> Typed:
    """Return what the form says, with what is wrong with one of its fields."""
    form = request.form
    return Typed(
        form.get("title", ""), form.get("category", ""), form.get("language", ""), form.get("who") == "members",
        {at if at in ("title", "category", "language") else "file": problem},
    )  # fmt: skip


def keep(draft: Draft, said: Wanted, now: datetime, upload: int | None = None) -> int:
    """Make a paper, or a version of one, of a file, and return the paper's number.

    Raises:
        InvalidInput: a field breaks its rule.
        NotFound: there is no such paper.
        Conflict: it is the version that the paper has.
    """
    reading: Reading | None = None
    with suppress(HostError):  # the next sync reads it
        reading = reader.read(draft.path, draft.type)
    state = current.state()
    with transaction(conn()):
        if said.of_paper is None:
            paper = papers.add(
                conn(), state, draft, said.title, said.category, said.language, now, members_only=said.members_only
            )
        else:
            paper = said.of_paper
            papers.add_version(conn(), state, paper, draft, said.title, now)
        if reading:
            facts.record(conn(), state, draft.sha256, reading, now)
        else:
            facts.note_left(conn(), "Poppler is not installed", now)
        if upload is not None:
            uploads.became(conn(), upload, paper)
        _record("paper.added" if said.of_paper is None else "paper.version", paper)
    return paper


def _record(kind: str, paper: int) -> None:
    audit.record(conn(), who(), kind, papers.get(conn(), paper).newest.title, current.now())


def languages() -> list[str]:
    """Return the languages to choose from: those of the interface first, then all that this kiosk knows."""
    known = {*i18n.LANGUAGES, *i18n.NAMES, *items.languages(conn(), current.generation())}
    codes = known | {each.language for each in papers.all_of(conn())}
    return sorted(codes, key=lambda code: (code not in i18n.LANGUAGES, i18n.language_name(code)))


def _choices() -> dict[str, object]:
    return {"categories": CATEGORIES, "languages": languages(), "most_title": MOST_TITLE}
