"""The message board: threads, posts, and writing them.

True always: a page that was sent is answered by a redirect, so that loading it again sends nothing twice; what was
typed is shown again when something is wrong with it. A visitor's name is remembered only to fill in the field.
"""

from __future__ import annotations

import re

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.errors import InvalidInput
from kiosk.store import threads
from kiosk.store.db import transaction
from kiosk.web import current, i18n
from kiosk.web.db import conn

THREADS_A_PAGE, POSTS_A_PAGE = 20, 50
CURSOR = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)~(\d{1,18})")

pages = Blueprint("board", __name__, url_prefix="/board")


@pages.get("")
def shelf() -> str:
    """Show threads, the last answered first; `?before=` goes on from a cursor."""
    match = CURSOR.fullmatch(request.args.get("before", ""))
    before = (match[1], int(match[2])) if match else None
    found = threads.recent(conn(), THREADS_A_PAGE + 1, before)
    shown = found[:THREADS_A_PAGE]
    older = "~".join(map(str, threads.cursor_of(shown[-1]))) if len(found) > len(shown) else ""
    return render_template("board.html", threads=shown, older=older, first=before is None)


@pages.get("/new")
def new() -> str:
    """Show the form to open a thread."""
    return render_template("new_thread.html", typed=_typed(), problems={}, limits=threads)


@pages.post("/new")
def open_thread() -> Response | tuple[str, int]:
    """Open a thread and show it, or show the form again with what is wrong."""
    typed = _typed()
    try:
        with transaction(conn()):
            thread = threads.open_thread(conn(), typed["title"], typed["author"], typed["body"], current.now())
    except InvalidInput as error:
        problems = {error.field: i18n.message(error)}
        return render_template("new_thread.html", typed=typed, problems=problems, limits=threads), 422
    _remember(typed["author"], gettext("Your message is on the board."))
    return redirect(url_for("board.show", thread=thread), 303)


@pages.get("/<row:thread>")
def show(thread: int) -> str:
    """Show a thread's posts and the form to reply; `?after=` goes on after a post."""
    return _thread_page(thread, _typed(), {})


@pages.post("/<row:thread>")
def reply(thread: int) -> Response | tuple[str, int]:
    """Add a post and show it, or show the form again with what is wrong."""
    typed = _typed()
    try:
        with transaction(conn()):
            post = threads.reply(conn(), thread, typed["author"], typed["body"], current.now())
    except InvalidInput as error:
        return _thread_page(thread, typed, {error.field: i18n.message(error)}), 422
    _remember(typed["author"], gettext("Your answer is on the board."))
    long = threads.get(conn(), thread).posts > POSTS_A_PAGE
    after = post - 1 if long else None
    return redirect(url_for("board.show", thread=thread, after=after, _anchor=f"post-{post}"), 303)


def _thread_page(thread: int, typed: dict[str, str], problems: dict[str, str]) -> str:
    found = threads.get(conn(), thread)
    text = request.args.get("after", "")
    after = int(text) if re.fullmatch(r"\d{1,18}", text) else 0
    posts = threads.posts(conn(), thread, after, POSTS_A_PAGE + 1)
    return render_template(
        "thread.html",
        thread=found,
        posts=posts[:POSTS_A_PAGE],
        after=after,
        more=len(posts) > POSTS_A_PAGE,
        typed=typed,
        problems=problems,
        limits=threads,
    )


def _typed() -> dict[str, str]:
    form = request.form
    return {
        "title": form.get("title", ""),
        "author": form.get("author", session.get("author", "")),
        "body": form.get("body", ""),
    }


def _remember(author: str, done: str) -> None:
    session["author"] = " ".join(author.split())[: threads.MOST_AUTHOR]
    session.permanent = True
    flash(done, "done")
