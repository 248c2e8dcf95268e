"""Releases of the kiosk itself: a switch by one link, and back by itself where the new one does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.appliance import kiosks, looking
from tests.appliance.conftest import report
from tests.appliance.container import Container
from tests.appliance.kiosks import Provisioned
from tests.appliance.running import until

RELEASES = "/opt/kiosk/releases"
SWITCH = "/opt/kiosk/libexec/kiosk-release"
BREAK = "raise RuntimeError('broken on purpose')\n"
SCHEMA = """\
import sqlite3
print(sqlite3.connect('/var/lib/kiosk/kiosk.sqlite3').execute('PRAGMA user_version').fetchone()[0])
"""
REMEMBER = "import sqlite3; c = sqlite3.connect('/var/lib/kiosk/kiosk.sqlite3'); c.execute('{}'); c.commit()"


@pytest.fixture(scope="module")
def kiosk(provisioned: Provisioned) -> Iterator[Container]:
    with kiosks.container(provisioned) as found:
        found.start()
        yield found


@pytest.fixture(scope="module")
def first(kiosk: Container) -> str:
    return runs(kiosk)


@pytest.fixture(scope="module")
def broken(kiosk: Container, first: str) -> str:
    """A release that brings the schema up to date, and then does not start."""
    packages = copied(kiosk, first, "9.0.0-broken") / "lib/python3.13/site-packages/kiosk"
    kiosk.run("tee", packages / "store/schema/9000_later.sql", given="CREATE TABLE later (what TEXT);\n")
    kiosk.run("tee", "-a", packages / "cli/serve.py", given=BREAK)
    return "9.0.0-broken"


def runs(kiosk: Container) -> str:
    return kiosk.run("readlink", "/opt/kiosk/current").strip().removeprefix("releases/")


def schema(kiosk: Container) -> int:
    return int(kiosk.run("python3", "-c", SCHEMA))


def copied(kiosk: Container, release: str, to: str) -> Path:
    """Make a release of another's files."""
    kiosk.run("cp", "-a", f"{RELEASES}/{release}", f"{RELEASES}/{to}")
    kiosk.run("sh", "-c", f"sed -i 's|{RELEASES}/{release}/|{RELEASES}/{to}/|' {RELEASES}/{to}/bin/*")
    return Path(RELEASES) / to


def answers(kiosk: Container) -> bool:
    ask = ("curl", "-s", "-f", "-o", "/dev/null", "-H", "Host: kiosk.lan", "-w", "%{http_code}", "http://127.0.0.1/")
    return kiosk.run(*ask, check=False) == "200"


def test_a_release_is_switched_to(kiosk: Container, first: str) -> None:
    copied(kiosk, first, "8.0.0-next")
    told = kiosk.run(SWITCH, "switch", "8.0.0-next", seconds=300)
    assert told == "runs: releases/8.0.0-next\n"
    assert runs(kiosk) == "8.0.0-next"
    assert answers(kiosk)
    assert looking.failed_units(kiosk) == []
    assert "8.0.0-next" in kiosk.run(
        "sh", "-c", "tr '\\0' ' ' </proc/$(systemctl show -P MainPID kiosk-portal)/cmdline"
    )
    kiosk.run(SWITCH, "switch", first, seconds=300)


def test_a_release_that_is_not_whole_is_refused(kiosk: Container, first: str) -> None:
    kiosk.run("mkdir", f"{RELEASES}/7.0.0-half")
    with pytest.raises(AssertionError, match="not whole"):
        kiosk.run(SWITCH, "switch", "7.0.0-half")
    assert runs(kiosk) == first
    assert answers(kiosk)


def test_one_that_does_not_answer_is_gone_back_from(kiosk: Container, first: str, broken: str) -> None:
    kiosk.run("python3", "-c", REMEMBER.format("CREATE TABLE kept (what TEXT)"))
    before = schema(kiosk)
    with pytest.raises(AssertionError, match=f"{broken} does not answer; runs again: releases/{first}"):
        kiosk.run(SWITCH, "switch", broken, seconds=600)
    assert runs(kiosk) == first
    assert answers(kiosk)
    assert schema(kiosk) == before
    kiosk.run("python3", "-c", REMEMBER.format("DROP TABLE kept"))
    assert looking.failed_units(kiosk) == []
    assert kiosk.run("sh", "-c", "ls -d /opt/kiosk/trying /opt/kiosk/database-before 2>/dev/null", check=False) == ""


def test_a_switch_that_the_power_interrupted_is_settled_at_the_start(kiosk: Container, first: str, broken: str) -> None:
    # As far as `switch` comes before it asks: the files are its own.
    steps = (
        f"import runpy; s = runpy.run_path('{SWITCH}'); s['keep_database']();"
        f"s['write'](s['TRYING'], 'releases/{first}'); s['point']('releases/{broken}')"
    )
    kiosk.run("systemctl", "stop", "kiosk-portal.socket", "kiosk-portal.service", "kiosk-library.service")
    kiosk.run("python3", "-c", steps)
    assert runs(kiosk) == broken
    kiosk.stop()
    kiosk.start()
    took = until(lambda: runs(kiosk) == first and answers(kiosk), "the release before", 400)
    report(f"back from a broken release, after a power cut: {took:.0f} s after the start")
    until(
        lambda: kiosk.run("systemctl", "is-active", "kiosk-settle.service", check=False).strip() == "failed", "an end"
    )
    assert looking.failed_units(kiosk) == ["kiosk-settle.service"]  # so that someone is told
    kiosk.restart()
    assert looking.failed_units(kiosk) == []
    assert answers(kiosk)
