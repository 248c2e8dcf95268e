"""Getting in over real connections: the bytes on the wire, whose address counts behind a proxy, dnsmasq's script."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.config import Config
from tests.portal.serving import Served, serving

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "provisioning" / "hotspot" / "kiosk-lease"
APPLE = (
    b"GET /hotspot-detect.html HTTP/1.0\r\nHost: captive.apple.com\r\nConnection: close\r\n"
    b"User-Agent: CaptiveNetworkSupport-480 wispr\r\n\r\n"
)
PHONE, OTHER, NGINX = "127.0.0.7", "127.0.0.8", "127.0.0.1"


def android(extra: str = "") -> bytes:
    return (
        f"GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\nConnection: close\r\n{extra}\r\n"
    ).encode()


def ok(extra: str = "") -> bytes:
    return f"POST /welcome HTTP/1.1\r\nHost: kiosk.test\r\nConnection: close\r\n{extra}\r\n".encode()


@pytest.fixture
def portal(config: Config, tmp_path: Path) -> Iterator[Served]:
    """A portal that phones reach without a proxy."""
    with serving(config, tmp_path) as served:
        yield served


@pytest.fixture
def behind(config: Config, tmp_path: Path) -> Iterator[Served]:
    """A portal behind nginx."""
    with serving(config, tmp_path, proxy=NGINX) as served:
        yield served


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_the_bytes_on_the_wire(portal: Served) -> None:
    before = portal.say(APPLE, PHONE)
    assert before.startswith(b"HTTP/1.0 302 ")
    assert b"\r\nLocation: http://kiosk.test/welcome\r\n" in before
    assert status(portal.say(android(), PHONE)) == 302
    assert status(portal.say(ok(), PHONE)) == 303
    head, _, body = portal.say(android(), PHONE).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 204 ")
    assert body == b""
    for unwanted in (b"content-type", b"content-length", b"transfer-encoding", b"set-cookie"):
        assert b"\r\n" + unwanted not in head.lower()
    head, _, body = portal.say(APPLE, PHONE).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert body == b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
    assert status(portal.say(android(), OTHER)) == 302, "the other phone has not pressed OK"


def test_a_stranger_is_not_believed_whom_he_speaks_for(portal: Served) -> None:
    assert status(portal.say(ok(f"X-Forwarded-For: {OTHER}\r\nForwarded: for={OTHER}\r\n"), PHONE)) == 303
    assert status(portal.say(android(), OTHER)) == 302
    assert status(portal.say(android(), PHONE)) == 204


def test_behind_the_proxy_the_phones_address_counts(behind: Served) -> None:
    forged = f"X-Forwarded-For: {OTHER}, {PHONE}\r\n"  # nginx adds the real one at the end
    assert status(behind.say(ok(forged), NGINX)) == 303
    assert status(behind.say(android(f"X-Forwarded-For: {PHONE}\r\n"), NGINX)) == 204
    assert status(behind.say(android(f"X-Forwarded-For: {OTHER}\r\n"), NGINX)) == 302
    assert status(behind.say(ok(f"X-Forwarded-For: {OTHER}\r\n"), "127.0.0.9")) == 303, (
        "who is no proxy speaks for himself"
    )
    assert status(behind.say(android(f"X-Forwarded-For: {OTHER}\r\n"), NGINX)) == 302


def run_script(served: Served, state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "KIOSK_PORTAL": served.url,
        "KIOSK_STATE": str(state),
        "http_proxy": "http://127.0.0.1:9",
    }
    return subprocess.run(
        [SCRIPT, *arguments], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("event", ["add", "old", "del"])
def test_the_script_has_a_phone_forgotten(portal: Served, config: Config, event: str) -> None:
    portal.say(ok(), PHONE)
    assert status(portal.say(android(), PHONE)) == 204
    done = run_script(portal, config.state, event, "02:00:00:00:00:01", PHONE, "asha's phone; reboot")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert status(portal.say(android(), PHONE)) == 302


def test_the_script_never_stops_dnsmasq(portal: Served, config: Config, tmp_path: Path) -> None:
    portal.say(ok(), PHONE)
    assert run_script(portal, config.state, "arp-add", "02:00:00:00:00:01", PHONE).returncode == 0
    assert run_script(portal, config.state).returncode == 0
    assert run_script(portal, tmp_path / "none", "add", "02:00:00:00:00:01", PHONE).returncode == 0
    wrong = run_script(portal, config.state, "add", "02:00:00:00:00:01", "$(reboot)")
    assert wrong.returncode == 0
    assert "400" in wrong.stderr
    assert status(portal.say(android(), PHONE)) == 204
    portal.process.terminate()
    portal.process.wait(30)
    down = run_script(portal, config.state, "add", "02:00:00:00:00:01", PHONE)
    assert down.returncode == 0
    assert "connect" in down.stderr


def test_the_script_shows_its_secret_to_nobody(config: Config) -> None:
    text = SCRIPT.read_text()
    assert "--config -" in text
    assert "--header" not in text
