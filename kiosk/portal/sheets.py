"""The shelf of papers: those that packs brought and those that were added here, in one form.

True always: of what packs brought there is one version, the current generation's; of what was added here all, the
newest in front; what is for members is only among them when a member asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask import url_for

from kiosk.packs.papers import ENDINGS
from kiosk.portal.translations import Choice, choose, distance
from kiosk.store import documents, facts, papers
from kiosk.store.db import Connection
from kiosk.store.documents import Document
from kiosk.store.papers import Paper, Version
from kiosk.web import current

TO_READ = ("pdf", "txt")
"""Endings of files that most browsers show by themselves."""


@dataclass(frozen=True)
class Form:
    """A file of a paper, such as its PDF: what it is, where it and its picture and words are ("" where it has none)."""

    label: str
    size_bytes: int
    pages: int | None
    url: str
    words_url: str
    picture_url: str
    name: str = ""

    @property
    def opens_here(self) -> bool:
        """Whether most browsers show it by themselves."""
        return self.label.lower() in TO_READ


@dataclass(frozen=True)
class Sheet:
    """A paper in one language and version, with its older versions and its other languages behind it.

    `place` names it on the page; `came_at` is when it came to this kiosk, None while that is not known.
    """

    place: str
    title: str
    summary: str
    language: str
    licence: str
    category: str
    came_at: datetime | None
    forms: tuple[Form, ...]
    members_only: bool = False
    older: tuple[Sheet, ...] = ()
    others: tuple[Sheet, ...] = ()

    @property
    def came_on(self) -> date | None:
        """The day it came, by the village's clocks."""
        return self.came_at.astimezone(current.config().time_zone).date() if self.came_at else None

    @property
    def picture_url(self) -> str:
        """Where the picture of its first page is, "" when there is none."""
        return next((form.picture_url for form in self.forms if form.picture_url), "")

    @property
    def words_url(self) -> str:
        """Where its words are shown as pages, "" when none are known."""
        return next((form.words_url for form in self.forms if form.words_url), "")

    @property
    def pages(self) -> int | None:
        """How many pages it has, if that is known of any of its forms."""
        return next((form.pages for form in self.forms if form.pages), None)


def all_of(conn: Connection, generation: int, languages: tuple[str, ...], *, to_members: bool) -> list[Sheet]:
    """Return all papers, those in a language the visitor reads first, the newest of them first."""
    brought = (_brought(conn, choice) for choice in choose(documents.all_of(conn, generation), languages))
    added = (_added(conn, paper) for paper in papers.shown(conn, to_members=to_members))

    def order(sheet: Sheet) -> tuple[bool, float]:
        foreign = distance(sheet.language, languages)[0] == len(languages)
        return foreign, -(sheet.came_at.timestamp() if sheet.came_at else 0)

    return sorted([*added, *brought], key=order)


def shelves(sheets: list[Sheet], categories: Mapping[str, object]) -> dict[str, list[Sheet]]:
    """Return the papers by category, in the order of the categories; empty ones are left out."""
    found = {name: [sheet for sheet in sheets if sheet.category == name] for name in categories}
    return {name: each for name, each in found.items() if each}


def _brought(conn: Connection, choice: Choice[Document]) -> Sheet:
    shown, *others = (_of_pack(conn, document) for document in (choice.shown, *choice.others))
    return replace(shown, others=tuple(others))


def _of_pack(conn: Connection, document: Document) -> Sheet:
    item = document.item
    known = [facts.of(conn, entry.sha256) for entry in document.files]
    address: dict[str, Any] = {"pack": item.pack, "item": item.item, "language": item.language}
    forms = tuple(
        Form(
            label=entry.path.rpartition(".")[2].upper(),
            size_bytes=entry.size_bytes,
            pages=found.pages if found else None,
            url=url_for("files.send", path=entry.path, **address),
            words_url=url_for("papers.words", path=entry.path, **address) if found and found.letters else "",
            picture_url=url_for("papers.picture", path=entry.path, **address) if found and found.picture else "",
            name=entry.title if len(document.files) > 2 else "",
        )
        for entry, found in zip(document.files, known, strict=True)
    )
    return Sheet(
        place=f"{item.pack}-{item.item}-{item.language}",
        title=item.title,
        summary=item.summary,
        language=item.language,
        licence=item.licence,
        category=document.category,
        came_at=min((found.seen_at for found in known if found), default=None),
        forms=forms,
    )


def _added(conn: Connection, paper: Paper) -> Sheet:
    newest, *older = _versions(conn, paper)
    return replace(newest, older=tuple(older))


def _versions(conn: Connection, paper: Paper) -> Iterator[Sheet]:
    for version in paper.versions:
        yield Sheet(
            place=f"paper-{paper.paper}-{version.version}",
            title=version.title,
            summary="",
            language=paper.language,
            licence="",
            category=paper.category,
            came_at=version.added_at,
            forms=(_form(conn, paper, version),),
            members_only=paper.members_only,
        )


def _form(conn: Connection, paper: Paper, version: Version) -> Form:
    known = facts.of(conn, version.sha256)
    address: dict[str, Any] = {"paper": paper.paper, "version": version.version}
    return Form(
        label=ENDINGS[version.type].upper(),
        size_bytes=version.size_bytes,
        pages=known.pages if known else None,
        url=url_for("papers.send", **address),
        words_url=url_for("papers.words_added", **address) if known and known.letters else "",
        picture_url=url_for("papers.picture_added", **address) if known and known.picture else "",
    )
