"""An operator at the console in tests: signed in, reading pages and pressing their buttons as a browser would."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from flask import Flask
from werkzeug.test import TestResponse

from kiosk.store import db, operators

OWN = "a field of green beans"
FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Operator:
    """Somebody with an account of their own.

    Args:
        app: the console.
        conn: its database.
        base_url: its address.
    """

    def __init__(self, app: Flask, conn: db.Connection, now: Callable[[], object], base_url: str) -> None:
        self.client = app.test_client()
        self._base_url = base_url
        password = operators.issue_one_time_password(conn, "operator", now())  # type: ignore[arg-type]
        self._send("/login", self.read("/login"), name="operator", password=password or "")
        self._send("/password", self.read("/password"), password=OWN, again=OWN)

    def sign_in_again(self) -> None:
        """Sign in, as after a night."""
        self._send("/login", self.read("/login"), name="operator", password=OWN)

    def get(self, path: str) -> TestResponse:
        """Load a page."""
        return self.client.get(path, base_url=self._base_url)

    def read(self, path: str) -> str:
        """Return a page, without the marks that numbers and names are wrapped in for their direction."""
        return self.get(path).text.replace("\xa0", " ")

    def press(self, page: str, action: str, **fields: str | list[str]) -> TestResponse:
        """Send the form of a page that leads to `action`, with its hidden fields, and follow the answer."""
        return self._send(action, self.read(page), **fields)

    def _send(self, action: str, page: str, **fields: str | list[str]) -> TestResponse:
        forms = dict(FORM.findall(page))
        hidden = dict(FIELD.findall(forms[action] if action.startswith("/content") else page))
        return self.client.post(action, base_url=self._base_url, data={**hidden, **fields}, follow_redirects=True)

    def watch(self, until: Callable[[str], bool], seconds: float = 60) -> list[str]:
        """Load the page of progress again and again, as its header asks for; return all that it said."""
        said = []
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            answer = self.get("/content/progress")
            said.append(answer.text.replace("\xa0", " "))
            if "Refresh" not in answer.headers or until(said[-1]):
                return said
            time.sleep(0.05)
        raise AssertionError(f"it went on: {said[-1]}")
