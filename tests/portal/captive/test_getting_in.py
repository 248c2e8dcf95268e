"""Getting in, beyond the recorded sequences: hosts, addresses, time, leaving, and the captive portal API."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta

import pytest

from kiosk.config import Captive, Config
from kiosk.portal import captive, create_portal, probes
from kiosk.store import db
from kiosk.store.state import State
from tests.portal.captive.conftest import Phone
from tests.portal.conftest import NOW

API = "http://kiosk.test/.well-known/captive-portal"
WELCOME = "http://kiosk.test/welcome"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "http://www.facebook.com/anything?at=all", "http://example.com:8080/board",
        "http://kiosk.test.example.com/", "http://xn--e1afmkfd.example/", "http://8.8.8.8/", "http://example.com/static/x",
        "http://example.com/?lang=fr", "http://example.com/welcome", "http://example.com/%00", "http://[2001:4860::1]/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_a_host_that_is_not_the_kiosk_leads_to_the_welcome_page(phone: Phone, url: str, method: str) -> None:
    for _ in range(2):
        answer = phone.ask(url, method)
        assert answer.status_code == (302 if method in ("GET", "HEAD") else 303)
        assert answer.headers["Location"] == WELCOME
        assert answer.headers["Cache-Control"] == "no-store"
        phone.press_ok()


@pytest.mark.parametrize(
    "host",
    ["kiosk.test", "KIOSK.test", "kiosk.test.", "kiosk.test:8080", "192.168.4.1", "10.0.0.1:80", "127.0.0.1:8300",
     "localhost", "[fe80::1]", "[::1]:80"],
)  # fmt: skip
def test_the_kiosk_is_known_by_its_name_and_by_its_address(phone: Phone, host: str) -> None:
    assert phone.ask(f"http://{host}/").status_code == 200
    assert phone.ask(f"http://{host}/nothing").status_code == 404


@pytest.mark.parametrize("path", sorted(probes.PROBES))
@pytest.mark.parametrize("host", ["kiosk.test", "192.168.4.1", "maker.example"])
def test_a_probe_is_known_by_its_path_alone(phone: Phone, path: str, host: str) -> None:
    wanted = probes.PROBES[path]
    for method in ("GET", "HEAD"):
        answer = phone.ask(f"http://{host}{path}?n=1", method)
        assert (answer.status_code, answer.headers["Location"]) == (302, WELCOME)
    phone.press_ok()
    answer = phone.ask(f"http://{host}{path}?n=1")
    assert (answer.status_code, answer.data) == (wanted.status, wanted.body)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", sorted(path for path, each in probes.PROBES.items() if each.status == 204))
def test_a_page_that_is_looked_at_never_gets_a_204(phone: Phone, path: str) -> None:
    phone.press_ok()
    for headers in ({"Accept": "text/html,*/*"}, {"User-Agent": "Mozilla/5.0 (Linux; Android 10; x; wv) Chrome/83"}):
        answer = phone.ask(f"http://maker.example{path}", headers=headers)
        assert (answer.status_code, answer.headers["Location"]) == (302, WELCOME)


def test_ok_lasts_as_long_as_the_configuration_says(phone: Phone, config: Config) -> None:
    phone.portal = create_portal(dataclasses.replace(config, captive=Captive(again_hours=1)), lambda: phone.now)
    phone.press_ok()
    phone.wait(timedelta(minutes=59))
    assert phone.is_in()
    phone.wait(timedelta(minutes=1))
    assert not phone.is_in()


def test_ok_is_of_one_phone_and_of_no_other(phone: Phone) -> None:
    phone.press_ok()
    other = dataclasses.replace(phone, address="192.168.4.24")
    assert phone.is_in()
    assert not other.is_in()
    mapped = dataclasses.replace(phone, address=f"::ffff:{phone.address}")
    assert mapped.is_in(), "the same address, as a socket for both kinds writes it"


def test_a_clock_that_was_put_right_asks_again(phone: Phone) -> None:
    phone.now = datetime(2030, 1, 1, tzinfo=UTC)
    phone.press_ok()
    phone.now = NOW
    assert not phone.is_in()
    phone.press_ok()
    assert phone.is_in()


def test_a_phone_that_joins_or_leaves_is_asked_again(phone: Phone) -> None:
    phone.press_ok()
    other = dataclasses.replace(phone, address="192.168.4.24")
    other.press_ok()
    phone.told_of()
    assert not phone.is_in()
    assert other.is_in()


def test_only_the_dhcp_server_may_tell_of_phones(phone: Phone, config: Config) -> None:
    phone.press_ok()
    secret = State(config.state).secret(captive.TELLER)
    client = phone.portal.test_client()

    def tell(secret: str, address: str, teller: str = "127.0.0.1") -> int:
        headers, data = {captive.SECRET_HEADER: secret}, {"address": address}
        from_ = {"REMOTE_ADDR": teller}
        return client.post("/welcome/forget", data=data, headers=headers, environ_overrides=from_).status_code

    assert tell("", phone.address) == 404
    assert tell("é" * 64, phone.address) == 404
    assert tell(secret, phone.address, teller=phone.address) == 404, "from the hotspot, even with the secret"
    assert tell(secret, "no address") == 400
    assert phone.is_in()
    assert tell(secret, phone.address) == 204
    assert not phone.is_in()


def test_no_address_is_kept_and_what_has_served_is_forgotten(phone: Phone, config: Config) -> None:
    phone.press_ok()
    conn = db.connect(State(config.state).database)
    rows = [tuple(row) for row in conn.execute("SELECT * FROM welcomed")]
    assert len(rows) == 1
    assert len(rows[0][0]) == 16
    assert phone.address.encode() not in rows[0][0]
    phone.wait(timedelta(hours=25))
    dataclasses.replace(phone, address="192.168.4.99").press_ok()
    assert len(conn.execute("SELECT * FROM welcomed").fetchall()) == 1, "the first is over"
    conn.close()


def test_the_welcome_page_speaks_the_visitors_language_and_needs_no_cookie(phone: Phone) -> None:
    page = phone.ask("welcome", headers={"Accept-Language": "sw-KE,sw;q=0.9"})
    assert '<html lang="sw"' in page.text
    assert "Set-Cookie" not in page.headers
    form = re.search(r'<form class="in" method="post">.*?</form>', page.text, re.DOTALL)
    assert form
    assert "csrf" not in form[0]
    assert page.text.count('<svg class="drawn"') == 4
    assert "<nav" not in page.text, "no way on into the portal but by the real browser"


def test_the_captive_portal_api_is_there_only_with_an_address_of_its_own(phone: Phone, config: Config) -> None:
    for url in (API, "http://anything.example/.well-known/captive-portal"):
        assert phone.ask(url).status_code == 404
    secured = dataclasses.replace(config, captive=Captive(https_url="https://kiosk.example.org"))
    phone.portal = create_portal(secured, lambda: phone.now)
    url = "https://kiosk.example.org/.well-known/captive-portal"
    answer = phone.ask(url, headers={"Accept": "application/captive+json"})
    assert answer.content_type == "application/captive+json"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.get_json(force=True) == {
        "captive": True,
        "user-portal-url": "https://kiosk.example.org/welcome",
        "venue-info-url": "https://kiosk.example.org/",
    }
    phone.press_ok()
    phone.wait(timedelta(hours=1))
    later = phone.ask(url).get_json(force=True)
    assert later["captive"] is False
    assert later["seconds-remaining"] == 23 * 3600
    assert phone.ask("https://kiosk.example.org/").status_code == 200


@pytest.mark.parametrize(
    ("agent", "out"),
    [
        ("", True),
        ("Mozilla/5.0 (Linux; Android 6.0; LG-K350 Build/MRA58K; wv) Chrome/60 Mobile Safari/537.36", False),
        ("Mozilla/5.0 (Linux; Android 6.0; LG-K350 Build/MRA58K) Chrome/60 Mobile Safari/537.36", True),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 8_4 like Mac OS X) AppleWebKit/600.1.4 Mobile/12H143", False),
        ("Mozilla/5.0 (iPad; CPU OS 10_3_3 like Mac OS X) AppleWebKit/603.3.8 Mobile/14G60", False),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 10_3_3 like Mac OS X) Version/10.0 Mobile/14G60 Safari/602.1", True),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 11_0 like Mac OS X) AppleWebKit/604.1.38 Mobile/15A372", True),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6) AppleWebKit/601.7.7 (KHTML, like Gecko)", False),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_12_6) AppleWebKit/603.3.8 (KHTML, like Gecko)", True),
    ],
)
def test_where_links_lead_out(agent: str, out: bool) -> None:
    assert probes.lets_links_out(agent) == out
