"""Whatever is sent: a clear answer in the visitor's language, no error of ours, nothing run and nothing lost.

The addresses are those the portal has, and the names of fields those its source asks for, so that a new page is tried
as soon as it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.wrappers import Response

from kiosk.store import db
from kiosk.store.state import State
from tests.portal.crawl import Form, crawl, read
from tests.portal.crawl import Page as Crawled
from tests.portal.test_safety import VALUES

SOURCES = sorted(
    path for part in ("portal", "web") for path in (Path(__file__).parents[2] / "kiosk" / part).rglob("*.py")
)
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}${7*7}"
PATH_VALUES = (
    "%00", "a%00b", "%FF%FE", "%C0%AE%C0%AE", "..%2f..%2fetc%2fpasswd", "%2e%2e", "x" * 3000, "-1", "0", "9" * 40,
    "%E2%80%AE%D9%85", quote(SCRIPT), "%0d%0aX-Injected:%201", "'%20OR%201=1--", "%F0%9F%8C%BD", "%5C%5Cevil.example",
)  # fmt: skip
TEXTS = (
    "\x00", "a\x00b", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "9" * 5000, "-1", "1e999", "NaN",
    SCRIPT, "' OR 1=1--", "\u202e\u2066", "\r\nX-Injected: 1", "../../etc/passwd", "٣", "²", "😀" * 300, " ",
)  # fmt: skip
COOKIES = (
    "portal_session=x", "portal_session=.", "portal_session=....", "portal_session=" + "A" * 6000,
    "portal_session=eyJhdXRob3IiOiJ4In0.AAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA", 'portal_session="',
    "portal_session=\xff\xfe",
    "lang=../../etc", "lang=" + "x" * 3000, "lang=fr; lang=sw", "=", ";;;", "a" * 5000, "lang=fr\x00",
    "portal_session=.eJw=",
)  # fmt: skip
BODIES = (
    ("application/x-www-form-urlencoded", b"title=\xff\xfe&author=%ff%fe%00&body=%"),
    ("application/x-www-form-urlencoded; charset=utf-16", "title=été".encode("utf-16")),
    ("application/x-www-form-urlencoded; charset=\xff", b"body=\xe9t\xe9"),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=body\r\n\r\nnever ended"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--x--'),
    ("multipart/form-data; boundary=" + "x" * 300, b"--" + b"x" * 300),
    ("application/json", b'{"body": '),
    ("", b"\x00\x01\x02"),
    ("text/plain; charset=nothing", b"body=x"),
)  # fmt: skip
FRENCH = {"Accept-Language": "fr"}


def names(kind: str) -> list[str]:
    """Return the names by which the source asks for values of a query ("args"), a form or files."""
    pattern = re.compile(rf'\b{kind}(?:\.get(?:list)?\(|\[)"(\w+)"')
    return sorted({name for path in SOURCES for name in pattern.findall(path.read_text(encoding="utf-8"))})


def addresses(portal: Flask, method: str, value: str) -> Iterator[str]:
    """Yield the address of every rule that takes `method`, with `value` in each of its places in turn."""
    for rule in portal.url_map.iter_rules():
        if method not in (rule.methods or ()):
            continue
        places = re.findall(r"<(?:\w+:)?(\w+)>", rule.rule)
        for place in places or [""]:
            filled = rule.rule
            for name in places:
                one = value if name == place else str(VALUES.get(name, 1))
                filled = re.sub(rf"<(?:\w+:)?{name}>", one.replace("\\", r"\\"), filled)
            yield filled


def clear(answer: Response, what: object) -> None:
    """Hold that an answer is none of our errors, and if it refuses, says so in French on a page of ours."""
    assert answer.status_code < 500, what
    assert "X-Injected" not in answer.headers, what
    if answer.status_code >= 400:
        assert answer.mimetype == "text/html", what
        assert '<html lang="fr"' in answer.get_data(as_text=True), what
        assert "<h1" in answer.get_data(as_text=True), what
    if answer.mimetype == "text/html":
        assert "<script>alert" not in answer.get_data(as_text=True), what
        assert "<img src=x" not in answer.get_data(as_text=True), what
    location = answer.headers.get("Location", "/")
    assert location.startswith(("/", "http://kiosk.test/")), what
    assert not location.startswith(("//", "/\\")), what


def written(portal: Flask) -> dict[str, list[tuple[object, ...]]]:
    """Return all that people wrote, table by table."""
    state: State = portal.extensions["kiosk-site"].state
    conn = db.connect(state.database)
    tables = [row[0] for row in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    kept = [name for name in tables if name in ("threads", "posts", "members", "operators", "documents")]
    found = {name: [tuple(row) for row in conn.execute(f"SELECT * FROM {name}")] for name in kept}
    conn.close()
    return found


def write_something(visitor: FlaskClient) -> None:
    """Open a thread, which nothing may damage."""
    form = next(each for each in forms_of(visitor, "/board/new") if each.method == "POST")
    assert visitor.post(form.action, data=form.fill()).status_code == 303


def forms_of(visitor: FlaskClient, address: str) -> list[Form]:
    return read(Crawled(address, "", visitor.get(address).text)).forms


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("value", PATH_VALUES, ids=range(len(PATH_VALUES)))
def test_strange_addresses(portal: Flask, visitor: FlaskClient, method: str, value: str) -> None:
    listed = "POST" if method == "POST" else "GET"
    for address in addresses(portal, listed, value):
        with visitor.open(address, method=method, headers=FRENCH) as answer:
            if method == "HEAD":
                assert answer.status_code < 500, address
            else:
                clear(answer, (method, address))


def test_strange_queries(portal: Flask, visitor: FlaskClient) -> None:
    write_something(visitor)
    asked = names("args")
    assert {"before", "after"} <= set(asked)
    for address in addresses(portal, "GET", "1"):
        for text in TEXTS:
            query = dict.fromkeys([*asked, "a1", "lang"], text)
            with visitor.get(address, query_string=query, headers=FRENCH) as answer:
                clear(answer, (address, text))
        with visitor.get(f"{address}?%ff=%ff&before=%00&%&=&&after", headers=FRENCH) as answer:
            clear(answer, address)


@pytest.mark.parametrize("cookie", COOKIES, ids=range(len(COOKIES)))
def test_broken_cookies(portal: Flask, cookie: str) -> None:
    client = portal.test_client(use_cookies=False)
    for method in ("GET", "POST"):
        for address in addresses(portal, method, "1"):
            with client.open(address, method=method, headers={**FRENCH, "Cookie": cookie}) as answer:
                assert answer.status_code < 500, address
                if "lang=" not in cookie:
                    clear(answer, (method, address, cookie))


@pytest.mark.parametrize(("kind", "body"), BODIES, ids=range(len(BODIES)))
def test_wrong_encodings_and_torn_bodies(portal: Flask, visitor: FlaskClient, kind: str, body: bytes) -> None:
    write_something(visitor)
    before = written(portal)
    token = forms_of(visitor, "/board/new")[0].fill()["csrf_token"]
    for address in addresses(portal, "POST", "1"):
        for headers in (FRENCH, {**FRENCH, "X-CSRFToken": token}):
            with visitor.post(address, data=body, content_type=kind, headers=headers) as answer:
                clear(answer, (address, kind))
    assert written(portal) == before


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_strange_texts_in_every_field(portal: Flask, visitor: FlaskClient, text: str) -> None:
    write_something(visitor)
    token = forms_of(visitor, "/board/new")[0].fill()["csrf_token"]
    fields = dict.fromkeys(names("form"), text)
    for address in addresses(portal, "POST", "1"):
        with visitor.post(address, data={**fields, "csrf_token": token}, headers=FRENCH) as answer:
            clear(answer, (address, text))
        files = {name: (BytesIO(b"no picture"), text) for name in names("files")}
        if files:
            with visitor.post(address, data={**fields, **files, "csrf_token": token}, headers=FRENCH) as answer:
                clear(answer, (address, text, "with files"))


def test_scripts_in_every_field_of_every_form_are_only_text(portal: Flask, visitor: FlaskClient) -> None:
    write_something(visitor)
    sent = 0
    for page in crawl(portal, visitor):
        for form in page.forms:
            for text in (SCRIPT, SCRIPT[:40], SCRIPT[:4]):
                sent += 1
                fresh = next((each for each in forms_of(visitor, form.page) if each.action == form.action), form)
                method = visitor.post if form.method == "POST" else visitor.get
                if not form.action.startswith("/"):
                    continue  # the library's own search
                with method(
                    form.action, **{"data" if form.method == "POST" else "query_string": fresh.fill(text)}
                ) as answer:
                    assert answer.status_code < 500, form
                    assert "<script>alert" not in answer.get_data(as_text=True), form
    assert sent > 6
    for page in crawl(portal, visitor):
        assert "<script>alert" not in page.text, page.address
        assert "<img src=x" not in page.text, page.address
        assert "49" not in re.findall(r"\{\{(.*?)\}\}", page.text), page.address


def test_a_stranger_changes_nothing_of_what_others_wrote(portal: Flask, visitor: FlaskClient) -> None:
    write_something(visitor)
    before = written(portal)
    stranger = portal.test_client()
    token = next(each for each in forms_of(stranger, "/board/new") if each.method == "POST").fill()["csrf_token"]
    for value in ("1", "2", "999"):
        for address in addresses(portal, "POST", value):
            fields = {"csrf_token": token, "body": "", "title": "", "author": ""}
            with stranger.post(
                address, data=fields, headers=FRENCH, environ_overrides={"REMOTE_ADDR": "10.9.9.9"}
            ) as answer:
                clear(answer, address)
    assert written(portal) == before


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "kiosk.test.evil.example", "kiosk.test@evil.example"]
)
def test_a_host_from_anywhere_is_never_led_to(portal: Flask, visitor: FlaskClient, host: str) -> None:
    headers = {"Host": host, "X-Forwarded-Host": host, "X-Forwarded-For": "10.0.0.1", "Forwarded": f"host={host}"}
    for method in ("GET", "POST"):
        for address in addresses(portal, method, "1"):
            with visitor.open(address, method=method, headers={**headers, **FRENCH}) as answer:
                assert answer.status_code in (302, 303, 400, 404), address
                assert "evil" not in answer.headers.get("Location", ""), address
                assert "evil" not in answer.get_data(as_text=True), address
            known = {**headers, "Host": "kiosk.test", **FRENCH}
            with visitor.open(f"{address}?lang=fr", method=method, headers=known) as answer:
                assert "evil" not in answer.headers.get("Location", ""), address
