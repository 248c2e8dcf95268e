"""How what was found is shown: its address, its title and a piece of its text with the words marked.

True always: a text is shown in pieces, each plain text beside whether it is one of the words: templates escape them,
whatever they hold.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import url_for
from flask_babel import gettext

from kiosk.errors import NotFound
from kiosk.portal import board, book_search, kiwix, papers
from kiosk.store import books, documents, facts, items
from kiosk.store.db import Connection
from kiosk.store.notices import Notice
from kiosk.store.search import Asked, Found, FoundPaper, FoundPost
from kiosk.store.search_words import excerpt, holds, marked, tidy
from kiosk.web import current
from kiosk.web.i18n import moment, size

Pieces = list[tuple[str, bool]]
"""A text in pieces, each with whether it is a word that was asked for."""
PATH_SIGNS = "/:@!$&'()*+,;=~-._"
"""What stands in the path of an address as it is."""


@dataclass(frozen=True)
class Result:
    """One thing that was found. `language` is "" where nobody said which it is."""

    url: str
    title: Pieces
    text: Pieces
    language: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Paper:
    # The file of a paper to open: its words as pages if they are known, the file itself if not.
    words_url: str
    file_url: str
    sha256: str
    about: str


def of_text(conn: Connection, asked: Asked, found: Found) -> Result:
    """Return a text of a pack; of a lesson also its course's name."""
    if found.section == "documents":
        return _of_document(conn, asked, found)
    about: tuple[str, ...] = ()
    if found.part:
        with suppress(NotFound):
            about = (items.get(conn, asked.generation, found.pack, found.item, found.language).title,)
    title, text = marked(found.title, asked.words), excerpt(found.body, asked.words)
    return Result(address(conn, asked, found), title, text, found.language, about)


def address(conn: Connection, asked: Asked, found: Found) -> str:
    """Return where a text of a pack is read."""
    place: dict[str, Any] = {"pack": found.pack, "item": found.item, "language": found.language}
    if found.section == "courses":
        endpoint = "courses.lesson" if found.part else "courses.outline"
        return url_for(endpoint, **place, lesson=found.part or None)
    if found.section == "notices":
        return url_for("notices.show", **place)
    if found.section == "library":
        item = items.get(conn, asked.generation, **place)
        return url_for("library.shelf", _anchor=books.name_of(item))
    paper = _paper_of_pack(conn, asked, found)
    return paper.words_url or paper.file_url


def of_paper(conn: Connection, asked: Asked, found: FoundPaper) -> Result:
    """Return a paper of this kiosk."""
    place: dict[str, Any] = {"paper": found.paper, "version": found.version}
    known = facts.of(conn, found.sha256)
    words_url = url_for("papers.words_added", **place) if known and known.letters else ""
    about = str(gettext("For members only")) if found.members_only else ""
    paper = _Paper(words_url, url_for("papers.send", **place), found.sha256, about)
    return _of_file(conn, asked, paper, found.title, found.language, "")


def of_notice(notice: Notice, text: str, asked: Asked) -> Result:
    """Return a notice that an operator wrote."""
    item = notice.item
    url = url_for("notices.show", pack=item.pack, item=item.item, language=item.language)
    return Result(url, marked(item.title, asked.words), excerpt(tidy(text), asked.words), item.language)


def paper_address(conn: Connection, found: FoundPaper) -> str:
    """Return where a paper of this kiosk is read."""
    known = facts.of(conn, found.sha256)
    endpoint = "papers.words_added" if known and known.letters else "papers.send"
    return url_for(endpoint, paper=found.paper, version=found.version)


def of_post(conn: Connection, asked: Asked, found: FoundPost) -> Result:
    """Return a post, with who wrote it and when."""
    title, text = marked(found.title, asked.words), excerpt(tidy(found.body), asked.words)
    return Result(post_address(found), title, text, "", (found.author, moment(found.written_at)))


def post_address(found: FoundPost) -> str:
    """Return where a post is read."""
    return board.to_post(found.thread, found.post)


def of_page(page: book_search.Page) -> Result:
    """Return a page of a book, on the library's own origin."""
    title, text = marked(page.title, page.marks), excerpt(page.text, page.marks)
    return Result(page_address(page), title, text, page.book.item.language, (page.book.item.title,))


def page_address(page: book_search.Page) -> str:
    """Return where a page of a book is read."""
    path = f"{kiwix.CONTENT}/{page.book.name}/{page.path}"
    return current.config().library.url + quote(path, safe=PATH_SIGNS)


def _of_document(conn: Connection, asked: Asked, found: Found) -> Result:
    paper = _paper_of_pack(conn, asked, found)
    return _of_file(conn, asked, paper, found.title, found.language, found.body)


def _of_file(conn: Connection, asked: Asked, paper: _Paper, title: str, language: str, else_shown: str) -> Result:
    # The page of the paper's words that has them is opened, not the first.
    url, shown = paper.words_url or paper.file_url, else_shown
    pages = papers.cut(facts.text(conn, paper.sha256)) if paper.words_url else []
    for number, page in enumerate(pages, 1):
        if holds(page, asked.words):
            url, shown = f"{url}?page={number}" if number > 1 else url, tidy(page)
            break
    return Result(url, marked(title, asked.words), excerpt(shown, asked.words), language, (paper.about,))


def _paper_of_pack(conn: Connection, asked: Asked, found: Found) -> _Paper:
    place: dict[str, Any] = {"pack": found.pack, "item": found.item, "language": found.language}
    document = documents.of_item(conn, items.get(conn, asked.generation, **place))
    if len(document.files) <= facts.MOST_FILES:  # of more nothing was read, and none of them is the paper
        for file in document.files:
            known = facts.of(conn, file.sha256)
            file_url = url_for("files.send", path=file.path, **place)
            if known and known.letters:
                return _Paper(url_for("papers.words", path=file.path, **place), file_url, file.sha256, "")
        file = document.files[0]
        about = f"{file.path.rpartition('.')[2].upper()} {size(file.size_bytes)}"
        return _Paper("", url_for("files.send", path=file.path, **place), "", about)
    return _Paper("", url_for("documents.category", category=document.category), "", "")
