"""What a site does when something is wrong, its sessions, and its static files."""

from __future__ import annotations

import dataclasses
import logging
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import create_environ, run_wsgi_app

from kiosk.clock import system_clock
from kiosk.config import Config
from kiosk.web.app import create_site


@pytest.fixture
def client(site: Flask) -> FlaskClient:
    return site.test_client()


@pytest.mark.parametrize(
    ("how", "status"), [("missing", 404), ("store", 500), ("trust", 500), ("input", 400), ("full", 507)]
)
def test_an_error_page_tells_nothing_of_the_machine(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, how: str, status: int
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.get(f"/fail/{how}", headers={"Accept-Language": "fr"})
    assert answer.status_code == status
    assert "secret" not in answer.text
    assert '<html lang="fr"' in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ("/secret/path" in caplog.text) == (status >= 500), "the operator's log has what the visitor is spared"


def test_a_bug_is_an_error_page_too(client: FlaskClient) -> None:
    answer = client.get("/fail/bug")
    assert answer.status_code == 500
    assert "Something went wrong on the kiosk" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_a_full_card_is_told_in_words(client: FlaskClient) -> None:
    answer = client.get("/fail/full", headers={"Accept-Language": "pt"})
    assert "A memória deste quiosque está cheia" in answer.text
    assert "O que enviou não foi guardado." in answer.text


def test_invalid_input_without_a_form_is_told_in_words(client: FlaskClient) -> None:
    assert "Tafadhali jaza sehemu hii." in client.get("/fail/input", headers={"Accept-Language": "sw"}).text


@pytest.mark.parametrize("how", ["missing", "input", "bug"])
def test_a_form_without_its_token_is_refused_first(client: FlaskClient, how: str) -> None:
    answer = client.post(f"/fail/{how}")
    assert answer.status_code == 400
    assert "Please send the form again" in answer.text


def test_a_method_that_is_not_there(client: FlaskClient) -> None:
    answer = client.options("/echo")
    assert answer.status_code == 200
    answer = client.open("/echo", method="TRACE")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "To the first page" in answer.text


def test_secrets_are_kept_and_differ_between_sites(config: Config) -> None:
    def key(name: str, config: Config) -> object:
        return create_site(name, config, system_clock, title="x").config["SECRET_KEY"]

    assert key("portal", config) == key("portal", config)
    assert key("portal", config) != key("console", config)
    assert key("portal", config) != key("portal", dataclasses.replace(config, state=config.state / "other"))
    assert oct((config.state / "secrets" / "portal-session").stat().st_mode)[-3:] == "640"


def test_the_consoles_session_stays_on_the_console(config: Config) -> None:
    console = create_site("console", config, system_clock, title="Console").config
    assert console["SESSION_COOKIE_NAME"] == "console_session"
    assert console["SESSION_COOKIE_SAMESITE"] == "Strict"


def test_the_consoles_session_goes_over_https_alone_where_there_is_https(config: Config) -> None:
    def secure(name: str, url: str) -> tuple[object, object]:
        there = dataclasses.replace(config.console, url=url)
        made = create_site(name, dataclasses.replace(config, portal=there, console=there), system_clock, title="x")
        return made.config["SESSION_COOKIE_SECURE"], made.config["SESSION_COOKIE_NAME"]

    assert secure("console", "https://kiosk.example") == (True, "__Host-console_session")
    assert secure("console", "http://kiosk.example") == (False, "console_session")
    # Phones come to the portal without a certificate that they trust.
    assert secure("portal", "https://kiosk.example") == (False, "portal_session")


@pytest.mark.parametrize("host", ["[::::]", "[", "[x]", "127.0.0.1:80:80", "a..b", "\xff"])
def test_a_host_that_is_none_is_refused_with_all_headers(client: FlaskClient, host: str) -> None:
    environ = create_environ("/echo", headers={"Host": host})
    pieces, status, headers = run_wsgi_app(client.application, environ)
    assert b"".join(pieces).startswith(b"400")
    assert status.startswith("400")
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"):
        assert headers[name]
    assert headers["Cache-Control"] == "no-store"


def test_static_files_are_kept_a_year_under_their_hash(client: FlaskClient) -> None:
    match = re.search(r'"(/static/([0-9a-f]{12})/site\.css)"', client.get("/nope").text)
    assert match
    fresh = client.get(match[1])
    assert fresh.mimetype == "text/css"
    assert fresh.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    old = client.get("/static/000000000000/site.css")
    assert old.data == fresh.data
    assert old.headers["Cache-Control"] == "no-cache"
    assert client.get("/static/0/..%2fapp.py").status_code == 404


def test_the_style_sheet_is_small_and_needs_nothing_new() -> None:
    style = (Path(__file__).parents[2] / "kiosk/web/static/site.css").read_text(encoding="utf-8")
    assert len(style.encode()) < 10_000
    for part in ("@import", "url(", "display:grid", "gap:"):
        assert part not in style
    for rule in re.findall(r"\{([^{}]*var\([^{}]*)\}", style):
        declarations = [each.partition(":")[0].strip() for each in rule.split(";") if each]
        for name in re.findall(r"([\w-]+):var\(", rule):
            family = name.partition("-")[0]
            before = [each for each in declarations if each in (name, family)]
            assert len(before) >= 2, f"'{name}' has no value for browsers without variables: {rule}"


def test_reading_a_page_does_not_write_to_the_card(site: Flask, client: FlaskClient) -> None:
    log = site.extensions["kiosk-site"].state.database.with_name("kiosk.sqlite3-wal")
    client.get("/healthz")
    before = log.stat().st_ino
    client.get("/healthz")
    assert log.stat().st_ino == before, "SQLite's log was removed and made again"


@pytest.mark.parametrize("host", ["x" * 64, "a..b", "a b", "[", "evil@example", "a:123456", "-" * 300, "é"])
def test_a_host_that_is_none_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/healthz", headers={"Host": host})
    assert answer.status_code == 400
    assert "Host header" in answer.text


@pytest.mark.parametrize("host", ["kiosk.example", "kiosk.example.", "192.168.4.1:8080", "[fe80::1]:80", "kiosk", ""])
def test_a_host_that_is_one_is_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_two_slashes_lead_to_no_other_host(client: FlaskClient) -> None:
    answer = client.get("/static//x/site.css", headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert "Location" not in answer.headers
