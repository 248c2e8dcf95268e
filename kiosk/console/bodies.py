"""How large what is sent to a page may be: a form of words, unless the page says that it takes more.

True always: the limit is set before anything of a request is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from flask import Flask, current_app, request

from kiosk.web.app import MOST_REQUEST_BYTES

P = ParamSpec("P")
R = TypeVar("R")


def takes(most_bytes: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let requests to a view be so large; stands right below the route."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.__dict__["takes"] = most_bytes
        return view

    return mark


def install(app: Flask) -> None:
    """Hold each request to the limit of its page; call it when all pages are there, before all other gates."""
    app.config["MAX_CONTENT_LENGTH"] = max(map(_most_bytes, app.view_functions.values()))
    app.before_request_funcs.setdefault(None, []).insert(0, _limit)


def _limit() -> None:
    request.max_content_length = _most_bytes(current_app.view_functions.get(request.endpoint or ""))


def _most_bytes(view: object) -> int:
    return int(getattr(view, "takes", MOST_REQUEST_BYTES))
