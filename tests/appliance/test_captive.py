"""The player of recorded sequences: over a real socket, against the portal as it is, and against what is no kiosk."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.appliance import captive
from tests.appliance.running import ENVIRONMENT, free_port, run, until
from tests.portal.captive.hotspot import KIOSK, PORT, Hotspot, hotspot
from tests.portal.conftest import configuration

PORTAL = "http://kiosk.test"


@pytest.fixture
def spot(tmp_path: Path) -> Iterator[Hotspot]:
    """A hotspot of cables with the real portal, and a phone that has joined."""
    with hotspot(configuration(tmp_path), tmp_path) as found:
        found.join()
        yield found


def asked(spot: Hotspot) -> captive.Runs:
    """Return how the phone asks: whatever the name, it comes to the kiosk, as its firewall will see to."""

    def phone(*words: str, check: bool, seconds: float) -> str:
        there = ["--connect-to", f"::{KIOSK}:{PORT}"]
        return run(*spot.phone.inside(), words[0], *there, *words[1:], check=check, seconds=seconds)

    return phone


@pytest.mark.parametrize("name", captive.FIRST)
def test_the_real_portal_answers_a_sequence_over_the_wire(spot: Hotspot, name: str) -> None:
    sequence = captive.steps(name)
    assert len(sequence) >= 4
    assert captive.play(asked(spot), sequence, PORTAL) == []


def test_what_is_no_kiosk_is_found_out(tmp_path: Path) -> None:
    (tmp_path / "generate_204").write_text("hello")
    port = free_port()
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(tmp_path), str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, env=ENVIRONMENT) as server:
        try:
            until(lambda: "200" in run("curl", "-sI", f"http://127.0.0.1:{port}/", check=False), "a server")

            def phone(*words: str, check: bool, seconds: float) -> str:
                return run(words[0], "--connect-to", f"::127.0.0.1:{port}", *words[1:], check=check, seconds=seconds)

            sequence = captive.steps("android-14")
            assert len(captive.play(phone, sequence, PORTAL)) == len(sequence), "it answers no step as it should"
        finally:
            server.terminate()
    nobody = captive.play(phone, sequence, PORTAL)
    assert all(": 0 " in problem or "(0," in problem for problem in nobody), nobody
