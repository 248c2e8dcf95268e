"""Real clients on a hotspot of this machine: dnsmasq with its script, a DHCP client, NetworkManager."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.config import Config
from tests.portal.captive.hotspot import ENVIRONMENT, KIOSK, PORT, UP_SECONDS, Hotspot, hotspot

PROBE = "http://connectivitycheck.gstatic.com/generate_204"
WELCOME = "http://kiosk.test/welcome"
BUS = """\
<busconfig><type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
<allow user="*"/></policy></busconfig>
"""
NETWORKMANAGER = """\
[main]
plugins=keyfile
dns=none
rc-manager=unmanaged
dhcp=internal
[keyfile]
path={folder}/connections
[connectivity]
uri=http://{kiosk}:{port}/check_network_status.txt
interval=300
"""


@pytest.fixture
def spot(config: Config, tmp_path: Path) -> Iterator[Hotspot]:
    """A hotspot with a phone that has not joined yet."""
    with hotspot(config, tmp_path) as found:
        yield found


def test_a_phone_that_comes_back_is_asked_and_one_that_stays_is_not(spot: Hotspot) -> None:
    spot.join()
    assert spot.ask(PROBE) == 302
    assert spot.ask(WELCOME, "-X", "POST") == 303
    assert spot.ask(PROBE) == 204
    spot.join()
    spot.until(302, PROBE)
    assert spot.ask(WELCOME, "-X", "POST") == 303
    client = subprocess.Popen(
        [*spot.phone.inside(), "udhcpc", "-i", "phone", "-f", "-R", "-s", str(spot.folder / "take-address")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT,
    )  # fmt: skip
    assert client.stdout
    assert any(b"obtained" in line for line in client.stdout)
    spot.until(302, PROBE)
    assert spot.ask(WELCOME, "-X", "POST") == 303
    client.send_signal(10)  # SIGUSR1: renew the lease, as phones do after half its time
    assert any(b"obtained" in line for line in client.stdout)
    time.sleep(1)
    assert spot.ask(PROBE) == 204, "a lease that is renewed is no reason to ask again"
    client.terminate()  # -R: says goodbye
    client.communicate(timeout=30)
    spot.until(302, PROBE)


@pytest.mark.skipif(not shutil.which("NetworkManager", path=ENVIRONMENT["PATH"]), reason="NetworkManager is not here")
def test_networkmanager_finds_a_portal_and_after_ok_the_internet(spot: Hotspot) -> None:
    folder = spot.folder
    bus, settings = folder / "bus.conf", folder / "NetworkManager.conf"
    bus.write_text(BUS.format(folder=folder))
    settings.write_text(NETWORKMANAGER.format(folder=folder, kiosk=KIOSK, port=PORT))
    spot.start("bus", ["dbus-daemon", f"--config-file={bus}", "--nofork", "--nopidfile"])
    # Where /sys can not be written, it does not wait for udev, which does not see this network.
    subprocess.run(
        [*spot.phone.inside(mounts=True), "mount", "-t", "sysfs", "-o", "ro", "none", "/sys"],
        check=True,
        env=ENVIRONMENT,
    )
    files = ("config-dir", "system-config-dir", "state-file", "intern-config", "pid-file")
    options = [f"--config={settings}", *(f"--{name}={folder}/of-{name}" for name in files)]
    address = f"unix:path={folder}/bus"
    spot.start(
        "networkmanager",
        [*spot.phone.inside(mounts=True), "NetworkManager", "--no-daemon", *options],
        DBUS_SYSTEM_BUS_ADDRESS=address,
    )
    until(address, "portal")
    assert spot.ask(WELCOME, "-X", "POST") == 303
    until(address, "full")


def until(bus: str, wanted: str) -> None:
    """Wait until NetworkManager judges its connection so."""
    ends, told = time.monotonic() + UP_SECONDS, ""
    while told != wanted:
        assert time.monotonic() < ends, f"NetworkManager says '{told}'"
        command = ["nmcli", "networking", "connectivity", "check"]
        environment = ENVIRONMENT | {"DBUS_SYSTEM_BUS_ADDRESS": bus, "LANG": "C"}
        told = subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout.strip()
