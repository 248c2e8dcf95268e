"""Walking the portal as a visitor does: every page that links lead to, and every form on it."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

ENOUGH_OF_A_KIND = 8
"""Pages of one endpoint that are looked at: a hundred threads are all alike."""
TYPED = ("text", "search", "password", "tel", "number", "email", "url", "date", "hidden", "textarea")


@dataclass(frozen=True)
class Input:
    """A field: its name, type ("textarea", "select" or that of the input), value, and what can be chosen."""

    name: str
    type: str
    value: str
    choices: tuple[str, ...] = ()


@dataclass
class Form:
    """A form with the address it is sent to; `number` is its place on the page, the first being 0."""

    page: str
    number: int
    action: str
    method: str
    inputs: list[Input] = field(default_factory=list)

    def fill(self, text: str | None = None) -> dict[str, str]:
        """Return what is sent with `text` typed in every field; None: as it stands, fit values where empty."""
        data = {}
        for each in self.inputs:
            if each.type in ("submit", "button", "file", "image"):
                if each.name and each.type != "file" and each.name not in data:
                    data[each.name] = each.value
            elif each.type in TYPED and each.type != "hidden":
                data[each.name] = each.value or fit(each.type) if text is None else text
            else:
                data[each.name] = each.value or (each.choices[0] if each.choices else "")
        return data


def fit(kind: str) -> str:
    """Return what a person might type into an empty field."""
    return {"number": "2", "tel": "0712", "date": "2026-12-01", "password": "1234"}.get(kind, "Maize")


@dataclass
class Page:
    """A page that was reached: its address, and what is on it."""

    address: str
    endpoint: str
    text: str
    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.form: Form | None = None
        self.select: tuple[str, list[str]] | None = None
        page.links.clear()
        page.forms.clear()

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in pairs}
        if tag == "a" and "href" in found:
            self.page.links.append(urljoin(self.page.address, found["href"]))
        elif tag == "form":
            action = urljoin(self.page.address, found.get("action", "") or self.page.address)
            self.form = Form(self.page.address, len(self.page.forms), action, found.get("method", "get").upper())
            self.page.forms.append(self.form)
        elif self.form and tag == "option" and self.select:
            self.select[1].append(found.get("value", ""))
        elif self.form and tag == "select":
            self.select = (found.get("name", ""), [])
        elif self.form and tag in ("input", "textarea", "button"):
            self._add_input(tag, found)

    def _add_input(self, tag: str, found: dict[str, str]) -> None:
        kind = {"textarea": "textarea", "button": found.get("type", "submit")}.get(tag, found.get("type", "text"))
        if self.form and found.get("name"):
            self.form.inputs.append(Input(found["name"], kind, found.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select" and self.form and self.select:
            name, choices = self.select
            self.form.inputs.append(Input(name, "select", choices[0] if choices else "", tuple(choices)))
            self.select = None


def read(page: Page) -> Page:
    """Fill in a page's links and forms from its text."""
    _Reader(page).feed(page.text)
    return page


def endpoint_of(app: Flask, address: str) -> str:
    """Return the name of the view that answers a GET of this address; "" for none."""
    parts = urlsplit(address)
    try:
        found, _ = app.url_map.bind("localhost").match(parts.path, method="GET", query_args=parts.query)
    except HTTPException:
        return ""
    return str(found)


def starts(app: Flask) -> list[str]:
    """Return the addresses that need nothing filled in, the first page first."""
    rules = (rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments)
    return sorted(str(rule) for rule in rules)


def crawl(app: Flask, client: FlaskClient) -> list[Page]:
    """Return the pages that links lead to from `starts`, some of each kind.

    Every one that a link leads to must answer; what begins with a start may be only for members, or for programs.
    """
    pages: list[Page] = []
    first = starts(app)
    seen, kinds, queue = set(first), Counter[str](), deque(first)
    while queue:
        address = queue.popleft()
        endpoint = endpoint_of(app, address)
        if kinds[endpoint] >= ENOUGH_OF_A_KIND:
            continue
        kinds[endpoint] += 1
        with client.get(address) as answer:
            assert answer.status_code < 400 or address in first, (address, answer.status_code)
            html = answer.status_code == 200 and answer.mimetype == "text/html"
            page = Page(address, endpoint, answer.get_data(as_text=True) if html else "")
        if not html:
            continue
        pages.append(read(page))
        for link in page.links:
            plain = link.partition("#")[0]
            if plain.startswith("/") and not plain.startswith("//") and "lang=" not in plain and plain not in seen:
                seen.add(plain)
                queue.append(plain)
    return pages
