"""A single post of the board: its writer changes or removes it, anyone reports it."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.errors import InvalidInput, NotFound
from kiosk.portal import board, board_rules
from kiosk.store import attachments, moderation, own_posts, sections, threads
from kiosk.store.db import transaction
from kiosk.store.threads import Offer, Post
from kiosk.web import current, i18n, phone
from kiosk.web.board_words import REASONS
from kiosk.web.db import conn

OF_THREAD = ("title", "price", "place", "ends")
"""Fields of the form to change the post that opened a thread; one that does not arrive changes nothing."""

pages = Blueprint("board_posts", __name__, url_prefix="/board/post")
pages.before_request(board_rules.check_open)


@pages.get("/<row:post>/change")
def change(post: int) -> str:
    """Show the form to change or remove a post that this phone wrote."""
    return _change_page(_own(post))


@pages.post("/<row:post>/change")
def save(post: int) -> Response | tuple[str, int]:
    """Change a post and show it."""
    found = _own(post)
    typed = {**_of_thread(found), **{name: request.form.get(name, "") for name in ("author", "body")}}
    typed |= {name: request.form[name] for name in OF_THREAD if name in request.form}
    try:
        board_rules.check_phone()
        with transaction(conn()):
            own_posts.change(conn(), post, _phone(), typed["author"], typed["body"], current.now())
            if _opened(found):
                offer = Offer(typed["price"], typed["place"], typed["ends"])
                own_posts.change_thread(conn(), post, _phone(), typed["title"], offer, current.now())
    except InvalidInput as error:
        return _typed_page(found, typed, {error.field: i18n.message(error)}), 422
    flash(gettext("Your message was changed."), "done")
    return redirect(board.to_post(found.thread, post), 303)


@pages.post("/<row:post>/remove")
def remove(post: int) -> Response | tuple[str, int]:
    """Take a post away and show what is left; a form that arrives in pieces takes nothing away."""
    found = _own(post)
    if request.form.get("remove") != "post":
        return _change_page(found), 422
    with transaction(conn()):
        own_posts.remove(conn(), post, _phone(), current.now())
        gone = attachments.forget(conn(), post)
    attachments.unlink(current.state(), gone)
    flash(gettext("Your message was taken away."), "done")
    try:
        threads.get(conn(), found.thread)
    except NotFound:
        return redirect(url_for("board.shelf"), 303)
    return redirect(board.to_post(found.thread, post), 303)


@pages.get("/<row:post>/report")
def report(post: int) -> str:
    """Ask what is wrong with a post."""
    return _report_page(_readable(post), {})


@pages.post("/<row:post>/report")
def send_report(post: int) -> Response | tuple[str, int] | tuple[str, int, dict[str, str]]:
    """Note a report, and go back to the thread, or to the board when the thread is hidden by it."""
    found = _readable(post)
    reason = request.form.get("reason", "")
    if reason not in moderation.REASONS:
        return _report_page(found, {"reason": gettext("Please choose an answer.")}), 422
    sender, place = phone.hashed(phone.phone()), phone.hashed(phone.address())
    with transaction(conn()):
        wait = board_rules.wait(conn(), "report")
        if not wait:
            moderation.report(conn(), post, reason, sender, place, current.now())
    if wait:
        return _report_page(found, {"": board_rules.wait_words(wait)}), 429, {"Retry-After": str(wait)}
    flash(gettext("Thank you. Someone of the telecenter will look at it."), "done")
    try:
        threads.get(conn(), found.thread)
    except NotFound:
        return redirect(url_for("board.shelf"), 303)
    return redirect(board.to_post(found.thread, post), 303)


def _phone() -> str | None:
    known = phone.known()
    return phone.hashed(known) if known else None


def _readable(post: int) -> Post:
    found = threads.get_post(conn(), post)
    board.readable(found.thread)
    return found


def _own(post: int) -> Post:
    _readable(post)
    return own_posts.get(conn(), post, _phone(), current.now())


def _opened(post: Post) -> bool:
    return threads.first_post(conn(), post.thread) == post.post


def _of_thread(post: Post) -> dict[str, str]:
    thread = threads.get(conn(), post.thread)
    ends = thread.ends.isoformat() if thread.ends else ""
    return {"title": thread.title, "price": thread.price, "place": thread.place, "ends": ends}


def _change_page(post: Post) -> str:
    return _typed_page(post, {**_of_thread(post), "author": post.author, "body": post.body}, {})


def _typed_page(post: Post, typed: dict[str, str], problems: dict[str, str]) -> str:
    section = sections.get(conn(), threads.get(conn(), post.thread).section)
    return render_template(
        "change_post.html",
        post=post,
        opened=_opened(post),
        sells=section.sells,
        wordless=bool(attachments.of_posts(conn(), [post.post])),
        typed=typed,
        problems=problems,
        limits=threads,
    )


def _report_page(post: Post, problems: dict[str, str]) -> str:
    return render_template("report_post.html", post=post, reasons=REASONS, problems=problems)
