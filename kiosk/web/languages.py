"""The page of languages, on both sites: that of the interface, and those in which things to read are shown first.

Owns: `/languages`. True always: it is read without knowing any language, since each is named by itself; it leads back
to the page from which it was asked for, and never to another site; choosing needs no script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl, unquote

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from kiosk.packs.names import is_language
from kiosk.web import i18n


def make_pages(installed: Callable[[], Iterable[str]]) -> Blueprint:
    """Return the blueprint of the page; `installed` says in which languages there is something to read."""
    pages = Blueprint("languages", __name__, url_prefix="/languages")

    @pages.get("")
    def show() -> str:
        """Show both choices; `?page=` is where the links lead back to."""
        page = request.args.get("page", "/")
        # Languages chosen on another kiosk, or before an update took their last item away, stay to be unchosen.
        chosen = i18n.content_languages()
        codes = list(dict.fromkeys((*installed(), *chosen)))
        return render_template(
            "languages.html",
            page=page,
            switches=i18n.switches(page),
            contents=[(code, i18n.language_name(code), code in chosen) for code in codes],
        )

    @pages.post("")
    def choose() -> Response:
        """Remember the content languages that were ticked and go back to where the visitor came from."""
        wanted = dict.fromkeys(code for code in request.form.getlist("content") if is_language(code))
        # The language the visitor finds their way by goes first, then the order in which they stand on the page.
        ordered = sorted(wanted, key=lambda code: code != i18n.chosen())
        path, _, query = request.form.get("page", "/").partition("?")
        response = redirect(i18n.here(unquote(path), parse_qsl(query, keep_blank_values=True)), 303)
        i18n.remember_content(response, ordered)
        flash(gettext("Your languages are kept on this phone."), "done")
        return response

    return pages
