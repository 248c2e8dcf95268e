"""The board as its keepers see it: what was reported or waits, the threads, and what was done.

True always: every act is a POST and leaves a row in `acts` that tells who, when and why, and that alone: no word of a
post is kept in a second place; what is done to no thread or post is in the list of all acts; nothing is deleted.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response as AnyResponse

from kiosk.console.session import who
from kiosk.errors import Conflict, InvalidInput
from kiosk.store import attachments, audit, bans, moderation, review, sections, threads
from kiosk.store.attachments import ENDINGS, PHOTO, VOICE
from kiosk.store.db import transaction
from kiosk.store.moderation import Act
from kiosk.store.review import Seen
from kiosk.web import current, i18n
from kiosk.web.board_words import REASONS
from kiosk.web.db import conn

MOST_LOOKS, MOST_THREADS, MOST_ACTS, POSTS_A_PAGE = 50, 30, 100, 50
ACTS = {
    "hide": lazy_gettext("Hidden"),
    "restore": lazy_gettext("Shown"),
    "close": lazy_gettext("Closed"),
    "open": lazy_gettext("Opened again"),
    "pin": lazy_gettext("Pinned"),
    "unpin": lazy_gettext("Not pinned any more"),
    "move": lazy_gettext("Moved"),
    "ban": lazy_gettext("Phone banned"),
}

pages = Blueprint("board", __name__, url_prefix="/board")


@pages.get("")
def show() -> str:
    """Show what is to be looked at, and the threads that were answered last."""
    looks = review.to_look_at(conn(), MOST_LOOKS)
    return render_template(
        "board.html",
        looks=looks,
        total=review.count(conn()),
        bans=bans.all_of(conn(), current.today()),
        carried=_carried(looks),
        reasons=REASONS,
        threads=threads.recent(conn(), MOST_THREADS, members=True),
        section_of={each.section: each for each in sections.all_of(conn(), members=True)},
    )


@pages.get("/threads/<row:thread>")
def thread(thread: int) -> str:
    """Show a thread with all its posts, also those hidden; `?after=` goes on after a post."""
    found = threads.get(conn(), thread, even_hidden=True)
    text = request.args.get("after", "")
    after = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0
    posts = review.of_thread(conn(), thread, after, POSTS_A_PAGE + 1)
    return render_template(
        "board_thread.html",
        thread=found,
        posts=posts[:POSTS_A_PAGE],
        more=len(posts) > POSTS_A_PAGE,
        carried=_carried(posts),
        reasons=REASONS,
        board_sections=sections.all_of(conn(), members=True),
    )


@pages.get("/acts")
def acts() -> str:
    """Show what was done to the board, the newest first."""
    done = moderation.acts(conn(), MOST_ACTS)
    titles = {number: threads.get(conn(), number, even_hidden=True).title for _, number, _, _ in done}
    return render_template("board_acts.html", acts=done, titles=titles, words=ACTS, by_reports=moderation.BY_REPORTS)


@pages.post("/posts/<row:post>/ban")
def ban(post: int) -> AnyResponse:
    """Hide a post and ban the phone that wrote it for some days."""
    text = request.form.get("days", "")
    days = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    try:
        with transaction(conn()):
            ends = bans.ban(conn(), post, days, act(), current.today())
        flash(gettext("This phone can not write until %(day)s has passed.", day=i18n.day(ends)), "done")
    except InvalidInput as error:
        flash(i18n.message(error), "problem")
    return _back()


@pages.post("/bans/<row:number>")
def lift(number: int) -> AnyResponse:
    """End a ban."""
    with transaction(conn()):
        ends = bans.lift(conn(), number, current.today())
        audit.record(conn(), who(), "ban.lifted", ends.isoformat(), current.now())
    flash(gettext("Done."), "done")
    return redirect(url_for("board.show"), 303)


@pages.post("/posts/<row:post>")
def judge(post: int) -> AnyResponse:
    """Hide a post, or show it: for good, which also lets a waiting one through."""
    acts = {"hide": moderation.hide, "restore": moderation.restore}
    chosen = acts.get(request.form.get("act", "")) or abort(400)
    try:
        with transaction(conn()):
            chosen(conn(), post, act())
        flash(gettext("It is hidden.") if chosen is moderation.hide else gettext("Everyone can read it."), "done")
    except Conflict:
        flash(gettext("Its writer has taken it away."), "problem")
    return _back()


@pages.post("/threads/<row:thread>")
def keep(thread: int) -> AnyResponse:
    """Close, open, pin, unpin or move a thread."""
    kind, section = request.form.get("act", ""), request.form.get("section", "")
    with transaction(conn()):
        if kind in ("close", "open"):
            moderation.close(conn(), thread, act(), closed=kind == "close")
        elif kind in ("pin", "unpin"):
            moderation.pin(conn(), thread, act(), pinned=kind == "pin")
        elif kind == "move":
            moderation.move(conn(), thread, section, act())
        else:
            abort(400)
    flash(gettext("Done."), "done")
    return redirect(url_for("board.thread", thread=thread), 303)


@pages.get("/photo/<name>")
def photo(name: str) -> Response:
    """Send a photo as it is opened."""
    return _send(name, PHOTO, ENDINGS[PHOTO][0], "image/jpeg")


@pages.get("/photo/<name>/small")
def small(name: str) -> Response:
    """Send a photo as it stands in a list."""
    return _send(name, PHOTO, ENDINGS[PHOTO][1], "image/jpeg")


@pages.get("/voice/<name>")
def voice(name: str) -> Response:
    """Send a voice note, whole or in the range that was asked for."""
    return _send(name, VOICE, ENDINGS[VOICE][0], "audio/mpeg")


def act() -> Act:
    """Return who acts now, and the reason that was typed."""
    return Act(who(), current.now(), " ".join(request.form.get("why", "").split()))


def _carried(posts: list[Seen]) -> dict[int, list[attachments.Attachment]]:
    return attachments.of_posts(conn(), [each.post for each in posts])


def _back() -> AnyResponse:
    thread = request.form.get("thread", "")
    if thread.isascii() and thread.isdigit() and len(thread) <= 18:
        return redirect(url_for("board.thread", thread=int(thread)), 303)
    return redirect(url_for("board.show"), 303)


def _send(name: str, kind: str, ending: str, media_type: str) -> Response:
    found = attachments.get(conn(), name, kind)
    file = attachments.path(current.state(), found.name, ending)
    if not file.is_file():
        abort(404)
    return send_file(file, mimetype=media_type, conditional=True, max_age=0)
