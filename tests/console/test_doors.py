"""Every address of the console, walked: what opens without a session, without a token, and without the rights."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import Rule

from kiosk.console.session import OPEN_TO_ALL
from kiosk.store import db
from kiosk.store.operators import Rights
from tests.console.entering import HOST, enter
from tests.making import Village

SAFE = {"GET", "HEAD", "OPTIONS"}
OWN_SESSION = ("session.choose", "session.logout")
"""Every operator's own business, which ends the walker's session."""


def path(rule: Rule) -> str:
    """Return an address that a rule matches: every number is 1, every word "x"."""
    _, converted = rule._trace, {name: 1 if "Number" in str(type(c)) else "x" for name, c in rule._converters.items()}
    built = rule.build({**converted, **(rule.defaults or {})})
    assert built, rule
    return built[1]


def doors(app: Flask) -> list[tuple[str, Rule]]:
    """Return each method of each rule."""
    return [(method, rule) for rule in app.url_map.iter_rules() for method in sorted(rule.methods or ())]


def test_without_a_session_each_address_gives_the_login_or_403(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False  # no token must be the only thing between a stranger and an act
    shut = [(method, rule) for method, rule in doors(app) if rule.endpoint not in OPEN_TO_ALL and method != "OPTIONS"]
    assert len(shut) > 10
    for method, rule in shut:
        answer = app.test_client().open(path(rule), method=method, base_url=HOST["base_url"])
        told = (answer.status_code, answer.location)
        assert told == ((303, "/login") if method in SAFE else (403, None)), (method, rule)


def test_every_unsafe_method_without_a_token_is_refused(app: Flask, conn: db.Connection, village: Village) -> None:
    client = enter(app, conn, village, Rights.MANAGER)
    unsafe = [(method, rule) for method, rule in doors(app) if method not in SAFE]
    assert len(unsafe) > 5
    for method, rule in unsafe:
        for fields in ({}, {"csrf_token": "x"}):
            answer = client.open(path(rule), method=method, base_url=HOST["base_url"], data=fields)
            assert answer.status_code == 400, (method, rule)
    assert client.get("/", base_url=HOST["base_url"]).status_code == 200


def test_an_editor_can_not_do_what_managers_do(app: Flask, conn: db.Connection, village: Village) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    client = enter(app, conn, village, Rights.EDITOR)
    for method, rule in doors(app):
        needs = getattr(app.view_functions[rule.endpoint], "needs", None)
        if method == "OPTIONS" or not (needs or rule.endpoint.startswith(FOR_MANAGERS)):
            continue
        assert needs == "manager", rule
        assert client.open(path(rule), method=method, base_url=HOST["base_url"]).status_code == 403, (method, rule)
    home = client.get("/", base_url=HOST["base_url"]).text
    assert 'href="/operators"' not in home
    assert 'href="/operators"' in enter(app, conn, village, Rights.MANAGER).get("/", base_url=HOST["base_url"]).text


FOR_MANAGERS = ("operators.", "audit.", "settings.", "backup.", "wifi.", "diagnostics.")


def test_no_address_fails_on_empty_or_strange_fields(app: Flask, conn: db.Connection, village: Village) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    client = enter(app, conn, village, Rights.MANAGER)
    for method, rule in doors(app):
        if rule.endpoint in OWN_SESSION:
            continue
        for fields in ({}, {"name": "\x00\ufffd", "number": "9" * 30, "rights": "x", "before": "-1"}):
            query = "?before=99999999999999999999&who=%00" if method == "GET" else ""
            answer = client.open(
                path(rule) + query, method=method, base_url=HOST["base_url"], data=None if method == "GET" else fields
            )
            assert answer.status_code < 500, (method, rule)
