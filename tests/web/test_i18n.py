"""How a visitor's language is chosen, and how things are written in it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask

from kiosk.web import i18n, words


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,en;q=0.5", "fr"),
        ("en;q=0.2,fr;q=0.9", "fr"),
        ("fr;q=0", "en"),
        ("de,sw;q=0.3", "sw"),
        ("de", "en"),
        (";;q=x", "en"),
    ],
)
def test_the_browsers_wish(site: Flask, header: str, language: str) -> None:
    answer = site.test_client().get("/nope", headers={"Accept-Language": header})
    assert f'<html lang="{language}"' in answer.text
    assert answer.headers["Content-Language"] == language
    assert {"Accept-Language", "Cookie"} <= set(answer.vary)


def test_a_choice_is_remembered(site: Flask) -> None:
    client = site.test_client()
    answer = client.get("/echo?a=1&lang=sw&a=2&b=%26")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/echo?a=1&a=2&b=%26")
    cookie = answer.headers["Set-Cookie"]
    for part in ("lang=sw", "Max-Age=31536000", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    page = client.get("/nope", headers={"Accept-Language": "fr"}).text
    assert '<html lang="sw"' in page
    assert "Ukurasa huu haupo" in page


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "/%5Cevil.example/", "///evil.example", "/%2Fevil.example", "/%0d%0aX:y"]
)
def test_a_choice_never_leads_elsewhere(site: Flask, path: str) -> None:
    answer = site.test_client().get(f"{path}?lang=fr")
    location = answer.headers["Location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert "\n" not in location


@pytest.mark.parametrize("query", ["lang=xx", "lang=", "lang=en%0d%0a", "lang=../fr"])
def test_an_unknown_language_changes_nothing(site: Flask, query: str) -> None:
    answer = site.test_client().get(f"/echo?{query}")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_a_strange_cookie_changes_nothing(site: Flask) -> None:
    client = site.test_client()
    client.set_cookie("lang", "../../etc")
    assert '<html lang="en"' in client.get("/nope").text


@pytest.mark.parametrize(
    ("size_bytes", "english", "french"),
    [
        (0, "1 KB", "1\u00a0ko"), (38_400, "38 KB", "38\u00a0ko"), (999_499, "999 KB", "999\u00a0ko"),
        (999_500, "1 MB", "1\u00a0Mo"), (1_240_000, "1.2 MB", "1,2\u00a0Mo"), (45_600_000, "46 MB", "46\u00a0Mo"),
        (1_500_000_000, "1.5 GB", "1,5\u00a0Go"), (90_000_000_000, "90 GB", "90\u00a0Go"),
    ],
)  # fmt: skip
def test_sizes(site: Flask, size_bytes: int, english: str, french: str) -> None:
    for language, wanted in (("en", english), ("fr", french)):
        with site.test_request_context(headers={"Accept-Language": language}):
            assert i18n.size(size_bytes) == wanted


def test_days_moments_and_times(site: Flask) -> None:
    with site.test_request_context(headers={"Accept-Language": "fr"}):
        assert i18n.day(date(2026, 12, 5)) == "5 décembre 2026"
        moment = datetime(2026, 11, 24, 12, 5, tzinfo=UTC)
        assert i18n.moment(moment).endswith("15:05")
    with site.test_request_context(headers={"Accept-Language": "en"}):
        assert [words.minutes(n) for n in (1, 20, 120, 210)] == ["1 minute", "20 minutes", "2 h", "3 h 30 min"]


def test_languages_name_themselves() -> None:
    named = {"fr": "Français", "sw": "Kiswahili", "pt-BR": "Português (Brasil)", "be": "Беларуская", "xx": "xx"}
    assert {code: i18n.language_name(code) for code in named} == named


def test_paragraphs_escape_and_keep_lines() -> None:
    assert i18n.paragraphs("a <b>\n\n&c") == "a &lt;b&gt;<br>\n<br>\n&amp;c"
