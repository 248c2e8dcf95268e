"""A second radio as the uplink: it joins the network that the inventory names, while phones join the kiosk's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.appliance import looking, radio
from tests.appliance.conftest import report
from tests.appliance.kiosks import UPLINK, UPLINK_PASSWORD, Provisioned
from tests.appliance.machine import Machine
from tests.appliance.running import until

pytestmark = pytest.mark.long
MOST_BYTES = 200_000_000
JOINED_SECONDS = 240
OFFICE = "192.0.2.1"
SETTINGS = f"""\
interface=wlan1
ssid2={UPLINK.encode().hex()}
hw_mode=g
channel=1
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
wpa_passphrase={UPLINK_PASSWORD}
"""
LEASES = ("--keep-in-foreground", "--port=0", "--interface=wlan1", "--dhcp-range=192.0.2.10,192.0.2.20", "--conf-file=")


@pytest.fixture
def kiosk(provisioned: Provisioned) -> Iterator[Machine]:
    """The provisioned kiosk with three radios: its own, the office's, and one for its uplink."""
    with radio.kiosk(provisioned, 2) as running:
        running.start()
        yield running


def test_a_second_radio_joins_the_network_that_is_named(kiosk: Machine) -> None:
    assert looking.failed_units(kiosk) == []
    kiosk.run("ip", "link", "set", "eth0", "down")
    (office,) = radio.phones(kiosk, 1)
    kiosk.run("tee", "/run/rig-office.conf", given=SETTINGS)
    office.run("ip", "address", "add", f"{OFFICE}/24", "dev", office.device)
    inside = ("ip", "netns", "exec", office.name)
    kiosk.run("systemd-run", "--unit=rig-office", "--collect", *inside, "hostapd", "/run/rig-office.conf")
    kiosk.run("systemd-run", "--unit=rig-leases", "--collect", *inside, "dnsmasq", *LEASES)
    state = ("nmcli", "--get-values", "GENERAL.STATE,GENERAL.CONNECTION", "device", "show", "wlan2")
    joined = "100 (connected)\nwifi\n"
    took = until(lambda: kiosk.run(*state, check=False) == joined, "the second radio in the office", JOINED_SECONDS)
    report(f"second radio: in the named network {took:.0f} s after that came")
    assert f"default via {OFFICE} dev wlan2" in kiosk.run("ip", "route")
    assert kiosk.run("systemctl", "is-active", "hostapd.service", "dnsmasq.service").split() == ["active"] * 2
    began = ("systemctl", "show", "--value", "--property=ExecMainStartTimestampMonotonic", "kiosk-sync.service")
    until(lambda: int(kiosk.run(*began)) > 0, "a sync that began by it", 60)
    memory = looking.memory(kiosk)
    assert {"hostapd.service", "dnsmasq.service", "wpa_supplicant.service"} <= set(memory)
    asked_for = sum(size for unit, size in memory.items() if unit.startswith(("wpa_supplicant", "rig-", "kiosk-sync")))
    total = sum(memory.values()) - asked_for
    report(f"memory of all units at rest, with the hotspot's: {total / 1e6:.1f} MB (limit {MOST_BYTES / 1e6:.0f})")
    report(f"memory of wpa_supplicant, for a second radio: {memory['wpa_supplicant.service'] / 1e6:.1f} MB")
    assert total <= MOST_BYTES
