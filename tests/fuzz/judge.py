"""What must hold for every answer, whatever was asked; what does not is kept as a finding, with the request."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from html.parser import HTMLParser

from flask import Flask
from werkzeug.datastructures import Headers

from tests.fuzz.phone import Answer, Sent, local
from tests.fuzz.scripts import MARK

KNOWINGLY = (503, 507)
"""What a site answers that can not answer now, and whose card is full."""
TRACES = ("Traceback (most recent call last)", "sqlite3.", "werkzeug.exceptions", 'File "/', "site-packages")
HEADERS = ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cache-Control")
TEXTS = ("text/", "application/json", "image/svg")
LEADS = ("href", "src", "action", "formaction", "data", "poster")


class Judge(logging.Handler):
    """Looks at each answer of a site.

    Args:
        app: the site, whose errors are overheard.
        secret: whether nothing of it may be kept by a browser.
        elsewhere: how an address that does not lie on the site may begin.
    """

    def __init__(self, app: Flask, *, secret: bool, elsewhere: tuple[str, ...] = ()) -> None:
        super().__init__(logging.ERROR)
        self._secret, self._elsewhere = secret, elsewhere
        self._heard: list[str] = []
        self.findings: dict[tuple[str, str], str] = {}
        self.codes: Counter[int] = Counter()
        app.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Hear what the site writes down about an error."""
        self._heard.append(logging.Formatter().format(record))

    def look(self, sent: Sent, endpoint: str, answer: Answer) -> None:
        """Judge one answer of the view `endpoint`."""
        self.codes[answer.code] += 1
        heard, self._heard = "\n".join(self._heard), []
        problems = [*_safe(answer.headers), *_contained(answer)]
        if answer.code >= 500 and answer.code not in KNOWINGLY:
            problems.append(f"{answer.code}: {heard.strip().rpartition(chr(10))[2][:200]}")
        if self._secret and endpoint not in ("static", "icon") and answer.headers.get("Cache-Control") != "no-store":
            problems.append("a browser may keep it")
        where = answer.headers.get("Location", "/")
        if not local(where) and not where.startswith(self._elsewhere or ("\x00",)):
            problems.append(f"leads away, to {where[:100]}")
        for problem in problems:
            self.findings.setdefault((endpoint, problem), f"{sent}\n  -> {answer.code}\n{heard}")

    def broke(self, sent: Sent, endpoint: str, error: Exception) -> None:
        """Note an answer that broke off."""
        self._heard.clear()
        last = "".join(traceback.format_exception(error)[-3:])
        self.findings.setdefault((endpoint, f"broke off: {error!r}"), f"{sent}\n{last}")

    def told(self) -> str:
        """Return all findings as text."""
        return "\n\n".join(f"{endpoint}: {problem}\n{text}" for (endpoint, problem), text in self.findings.items())


def _safe(headers: Headers) -> list[str]:
    problems = [f"no {name}" for name in HEADERS if name not in headers]
    if "X-Injected" in headers:
        problems.append("a header was put in")
    cookies = [line for line in headers.getlist("Set-Cookie") if "HttpOnly" not in line or "SameSite" not in line]
    return problems + [f"cookie {line.partition('=')[0]} is open to others" for line in cookies]


def _contained(answer: Answer) -> list[str]:
    if not answer.type.startswith(TEXTS):
        return []
    text = answer.text
    problems = [f"shows {trace}" for trace in TRACES if trace in text]
    if str(7 * 7777777) in text:
        problems.append("a template was filled with what was typed")
    if answer.type == "text/html" and MARK in text:
        reader = _Reader()
        reader.feed(text)
        problems += reader.problems
    return problems


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        if MARK in tag or any(MARK in name for name, _ in pairs):
            self.problems.append(f"what was typed became a tag: {self.get_starttag_text()!r:.200}")
        for name, value in pairs:
            if name in LEADS and (value or "").strip().lower().startswith("javascript:"):
                self.problems.append(f"what was typed is run: {self.get_starttag_text()!r:.200}")
