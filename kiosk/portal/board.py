"""The message board: sections, threads, posts, and writing them.

True always: a page that was sent is answered by a redirect, so that loading it again sends nothing twice; what was
typed is shown again when something is wrong with it. A visitor's name is remembered only to fill in the field.
"""

from __future__ import annotations

import re
import secrets

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.errors import Conflict, InvalidInput
from kiosk.portal import board_rules, membership
from kiosk.store import board_settings, own_posts, sections, threads
from kiosk.store.board_settings import BoardIs
from kiosk.store.db import transaction
from kiosk.store.sections import Section
from kiosk.store.threads import Offer, Sending, Thread
from kiosk.web import current, i18n, phone
from kiosk.web.db import conn

THREADS_A_PAGE, POSTS_A_PAGE = 20, 50
CURSOR = re.compile(r"([0-2])~(\d{1,18})", re.ASCII)

pages = Blueprint("board", __name__, url_prefix="/board")
pages.before_request(board_rules.check_open)


@pages.get("")
@pages.get("/in/<section>", endpoint="section")
def shelf(section: str = "") -> str:
    """Show the sections, and the threads of one or all: pinned, last answered, ended; `?before=` is a cursor."""
    _tidy()
    chosen = _section(section) if section else None
    members = membership.signed_in() is not None
    match = CURSOR.fullmatch(request.args.get("before", ""))
    before = (int(match[1]), int(match[2])) if match else None
    found = threads.recent(conn(), THREADS_A_PAGE + 1, before, section or None, members=members)
    shown = found[:THREADS_A_PAGE]
    return render_template(
        "board.html",
        board_sections=sections.all_of(conn(), members=members),
        counts=threads.counts(conn(), members=members),
        chosen=chosen,
        threads=shown,
        older="~".join(map(str, shown[-1].cursor)) if len(found) > len(shown) else "",
        first=before is None,
        writable=board_settings.read(conn()).state is BoardIs.OPEN,
    )


@pages.get("/new")
def new() -> str:
    """Show the form to open a thread in the section `?in=`; without it, ask which."""
    wanted = request.args.get("in", "")
    return _form(_section(wanted) if wanted else None, _typed(), {})


@pages.post("/new")
def open_thread() -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Open a thread and show it, or show the form again with what is wrong."""
    typed = _typed()
    section = _section(request.args.get("in", "") or request.form.get("section", "talk"))
    offer = Offer(typed["price"], typed["place"], typed["ends"])
    sending = Sending(phone.hashed(phone.phone()), typed["send"] or None)
    try:
        with transaction(conn()):
            wait = 0 if threads.sent_before(conn(), sending) else board_rules.wait(conn())
            if not wait:
                thread = threads.open_thread(
                    conn(), typed["title"], typed["author"], typed["body"], current.now(),
                    section=section.section, offer=offer, sending=sending,
                )  # fmt: skip
    except InvalidInput as error:
        return _form(section, typed, {error.field: i18n.message(error)}), 422
    if wait:
        return _form(section, typed, {"": board_rules.wait_words(wait)}), 429, {"Retry-After": str(wait)}
    _remember(typed["author"], gettext("Your message is on the board."))
    return redirect(url_for("board.show", thread=thread), 303)


@pages.get("/<row:thread>")
def show(thread: int) -> str:
    """Show a thread's posts and the form to reply; `?after=` goes on after a post."""
    _tidy()
    return _thread_page(thread, _typed(), {})


@pages.post("/<row:thread>")
def reply(thread: int) -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Add a post and show it, or show the form again with what is wrong."""
    readable(thread)
    typed = _typed()
    sending = Sending(phone.hashed(phone.phone()), typed["send"] or None)
    try:
        with transaction(conn()):
            wait = 0 if threads.sent_before(conn(), sending) else board_rules.wait(conn())
            if not wait:
                post = threads.reply(conn(), thread, typed["author"], typed["body"], current.now(), sending=sending)
    except InvalidInput as error:
        return _thread_page(thread, typed, {error.field: i18n.message(error)}), 422
    except Conflict:
        return _thread_page(thread, typed, {}), 409
    if wait:
        return _thread_page(thread, typed, {"": board_rules.wait_words(wait)}), 429, {"Retry-After": str(wait)}
    _remember(typed["author"], gettext("Your answer is on the board."))
    return redirect(to_post(thread, post), 303)


def readable(thread: int) -> Thread:
    """Return a thread that this phone may read.

    Raises:
        NotFound: there is none, or it is hidden. A thread for members ends on the page to sign in when nobody is.
    """
    found = threads.get(conn(), thread)
    _section(found.section)
    return found


def to_post(thread: int, post: int) -> str:
    """Return the address of a post on the page that has it."""
    long = len(threads.posts(conn(), thread, 0, POSTS_A_PAGE + 1)) > POSTS_A_PAGE
    return url_for("board.show", thread=thread, after=post - 1 if long else None, _anchor=f"post-{post}")


def _section(name: str) -> Section:
    found = sections.get(conn(), name)
    if found.members_only:
        membership.required()
    return found


def _tidy() -> None:
    if own_posts.is_untidy(conn(), current.now(), current.today()):
        with transaction(conn()):
            own_posts.tidy(conn(), current.now(), current.today())


def _form(section: Section | None, typed: dict[str, str], problems: dict[str, str]) -> str:
    offered = sections.all_of(conn(), members=membership.signed_in() is not None)
    return render_template(
        "new_thread.html", section=section, board_sections=offered, typed=typed, problems=problems, limits=threads
    )


def _thread_page(thread: int, typed: dict[str, str], problems: dict[str, str]) -> str:
    found = readable(thread)
    text = request.args.get("after", "")
    after = int(text) if re.fullmatch(r"\d{1,18}", text, re.ASCII) else 0
    posts = threads.posts(conn(), thread, after, POSTS_A_PAGE + 1)
    known = phone.known()
    mine = phone.hashed(known) if known else None
    return render_template(
        "thread.html",
        thread=found,
        section=sections.get(conn(), found.section),
        posts=posts[:POSTS_A_PAGE],
        own={post.post for post in posts if own_posts.is_own(post, mine, current.now())},
        after=after,
        more=len(posts) > POSTS_A_PAGE,
        typed=typed,
        problems=problems,
        limits=threads,
        writable=board_settings.read(conn()).state is BoardIs.OPEN,
    )


def _typed() -> dict[str, str]:
    fields = {name: request.form.get(name, "") for name in ("title", "body", "price", "place", "ends")}
    fields["author"] = request.form.get("author", session.get("author", ""))
    fields["send"] = request.form.get("send", "") if request.method == "POST" else secrets.token_urlsafe(16)
    return fields


def _remember(author: str, done: str) -> None:
    session["author"] = " ".join(author.split())[: threads.MOST_AUTHOR]
    session.permanent = True
    flash(done, "done")
