"""The machine starts, is looked at and told to, restarts and stops; phones join a hotspot over its radios."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.appliance import image, looking, radio
from tests.appliance import machine as machines
from tests.appliance.conftest import report
from tests.appliance.machine import Machine
from tests.appliance.running import ENVIRONMENT, until
from tests.appliance.tree import Tree

pytestmark = pytest.mark.long
HOSTAPD = """\
interface=wlan0
driver=nl80211
ssid=Trial of the rig
hw_mode=g
channel=6
ap_isolate=1
"""
DNSMASQ = [
    "dnsmasq", "--conf-file=/dev/null", "--interface=wlan0", "--bind-interfaces", "--no-resolv", "--no-ping",
    "--address=/#/192.0.2.1", "--dhcp-range=192.168.4.20,192.168.4.50,1h", "--dhcp-leasefile=/run/leases",
]  # fmt: skip
ANSWER = "mkdir -p /run/page && echo hello > /run/page/index.html && cd /run/page && exec python3 -m http.server 80"


@pytest.fixture(scope="module")
def kiosk(tree: Tree) -> Iterator[Machine]:
    with machines.machine(tree, image.of_plain(tree, "hostapd", "dnsmasq-base", *radio.PACKAGES)) as found:
        report(f"machine: ready {found.start():.0f} s after it was switched on")
        report(f"machine: {found.run('systemd-analyze').splitlines()[0]}")
        yield found
        report(f"machine: off {found.power_off():.0f} s after its button was pressed")
        assert "Power down" in found.console()


def test_it_is_whole_and_is_reached_by_ssh(kiosk: Machine) -> None:
    assert looking.failed_units(kiosk) == []
    assert {(each.port, each.program) for each in looking.listening(kiosk) if each.kind == "tcp"} == {(22, "sshd")}
    assert looking.memory(kiosk)[image.DOOR] > 1_000_000
    with pytest.raises(AssertionError, match="no such thing"):
        kiosk.run("sh", "-c", "echo no such thing >&2; exit 1")
    assert login(kiosk) == "card\n"


def test_phones_join_over_the_air_and_get_a_lease_and_a_page(kiosk: Machine) -> None:
    one, other = radio.phones(kiosk, 2)
    kiosk.run("ip", "address", "add", "192.168.4.1/24", "dev", "wlan0")
    kiosk.run("ip", "address", "add", "192.0.2.1/32", "dev", "lo")
    kiosk.run("tee", "/run/hostapd.conf", given=HOSTAPD)
    kiosk.run("hostapd", "-B", "/run/hostapd.conf")
    kiosk.run(*DNSMASQ)
    kiosk.run("systemd-run", "--unit=page", "sh", "-c", ANSWER)
    report(f"radio: a phone was in after {one.join('Trial of the rig'):.0f} s")
    other.join("Trial of the rig")
    assert one.address().startswith("192.168.4.")
    assert {one.address(), other.address()} == {
        line.split()[2] for line in kiosk.run("cat", "/run/leases").splitlines()
    }
    until(lambda: one.run("curl", "-s", "http://whatever.example/", check=False) == "hello\n", "a page", pause=1)
    there = ("curl", "-s", "-o", "/dev/null", "--max-time", "5", "-w", "%{http_code}", f"http://{other.address()}/")
    kiosk.run("systemd-run", "--unit=other", "ip", "netns", "exec", other.name, "python3", "-m", "http.server", "80")
    until(lambda: kiosk.run(*there, check=False) == "200", "the other phone's own page", pause=1)
    assert one.run(*there, check=False) == "000", "one phone does not reach the other"
    one.leave()
    assert one.address() == ""


def test_the_cable_of_its_uplink_comes_and_goes_and_it_restarts(kiosk: Machine) -> None:
    kiosk.uplink(up=False)
    until(lambda: "NO-CARRIER" in kiosk.run("ip", "link", "show", "eth0"), "a cable that is out", pause=1)
    kiosk.uplink(up=True)
    until(lambda: "NO-CARRIER" not in kiosk.run("ip", "link", "show", "eth0"), "a cable", pause=1)
    report(f"machine: restarted in {kiosk.restart():.0f} s")
    assert looking.failed_units(kiosk) == []
    assert login(kiosk) == "card\n"


def login(kiosk: Machine) -> str:
    """Return what the machine says it is called, over ssh."""
    done = subprocess.run(
        kiosk.ssh.command("hostname"), capture_output=True, text=True, timeout=120, check=True, env=ENVIRONMENT
    )
    return done.stdout
