"""A fresh Debian 13 that the playbook alone has gone over: whole, small, quiet, and the same after a second run."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.appliance import cable, captive, kiosks, looking, playbook
from tests.appliance import container as containers
from tests.appliance.conftest import report
from tests.appliance.container import Container
from tests.appliance.kiosks import Provisioned
from tests.appliance.network import KIOSK
from tests.appliance.running import run, until

UNITS = (
    "kiosk.target", "kiosk-setup.service", "kiosk-portal.socket", "kiosk-portal.service", "kiosk-library.service",
    "kiosk-console.socket", "kiosk-helper.service", "kiosk-sync.timer", "kiosk-backup.timer", "kiosk-health.timer",
    "nginx.service", "nftables.service", "NetworkManager.service", "ssh.service",
)  # fmt: skip
LISTENING = {
    ("tcp", "0.0.0.0", 22), ("tcp", "::", 22), ("tcp", "0.0.0.0", 80), ("tcp", "0.0.0.0", 443),
    ("tcp", "127.0.0.1", 8081), ("tcp", "127.0.0.1", 0),
}  # fmt: skip
DHCP_OF_THE_RIG = "systemd-network"
FACING = ("nginx", "hostapd", "dnsmasq", "kiosk-portal", "kiosk-library", "kiosk-console", "kiosk-sync", "kiosk-mirror")
MOST_EXPOSED = 2.0
MOST_BYTES = 200_000_000
CURL = ("curl", "-s", "--noproxy", "*", "--max-time", "20")


@pytest.fixture(scope="module")
def kiosk(provisioned: Provisioned) -> Iterator[Container]:
    with kiosks.container(provisioned) as found:
        found.start()
        yield found


@pytest.fixture(scope="module")
def phone(kiosk: Container, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with cable.joined(kiosk, tmp_path_factory.mktemp("phone")) as address:
        yield address


def test_every_unit_is_up_and_none_has_failed(provisioned: Provisioned, kiosk: Container) -> None:
    assert provisioned.facts["failed"] == []
    assert looking.failed_units(kiosk) == []
    states = kiosk.run("systemctl", "is-active", *UNITS, check=False).split()
    assert dict(zip(UNITS, states, strict=True)) == dict.fromkeys(UNITS, "active")
    first = provisioned.facts["first"]
    report(f"playbook over a fresh Debian: {first['seconds']:.0f} s, ok={first['ok']} changed={first['changed']}")


def test_the_kiosk_is_whole_before_its_next_start_and_its_uplink_as_it_was(provisioned: Provisioned) -> None:
    assert provisioned.facts["idle"] == []
    # Were its unit masked while it runs, systemd would not hear it and kill it after three minutes.
    assert provisioned.facts["uplink"] == ["loaded", "active"]


def test_no_unit_waits_for_itself_by_way_of_others(kiosk: Container) -> None:
    # Where the radio is there while the kiosk starts, systemd would leave one of them out: no hotspot.
    words = " ".join(["systemd-analyze", "verify", "--man=no", "hostapd.service", "dnsmasq.service", *UNITS])
    assert kiosk.run("sh", "-c", f"{words} 2>&1", check=False) == ""


def test_networkmanager_knows_the_uplinks_by_air_and_by_modem(kiosk: Container) -> None:
    known = f"{kiosks.UPLINK}\n{kiosks.UPLINK_PASSWORD}\n".replace("\\", "")
    fields = "802-11-wireless.ssid,802-11-wireless-security.psk"
    # On a busy machine it once gave the name without the secret, and nmcli ends well then: it says why on the side.
    asked = f"nmcli --show-secrets --get-values {fields} connection show wifi 2>&1"

    def told() -> str:
        return kiosk.run("sh", "-c", asked).replace("\\", "")

    with suppress(AssertionError):
        until(lambda: told() == known, "the uplink by air", seconds=30)
    assert told() == known
    assert kiosk.run("nmcli", "--get-values", "gsm.auto-config", "connection", "show", "modem") == "yes\n"
    # Each is started when it is needed: both together take as much as the web server.
    for name in ("ModemManager.service", "wpa_supplicant.service"):
        assert kiosk.run("systemctl", "is-active", name, check=False).strip() == "inactive"


def test_nothing_listens_that_is_not_meant_to(kiosk: Container) -> None:
    until(lambda: "kiwix-serve" in {each.program for each in looking.listening(kiosk)}, "the books' server")
    found = {
        (each.kind, each.address, 0 if each.program == "kiwix-serve" else each.port)  # it takes any that is free
        for each in looking.listening(kiosk)
        if each.program != DHCP_OF_THE_RIG
    }
    assert found == LISTENING


def test_it_is_whole_after_a_restart_and_fits(kiosk: Container) -> None:
    begun = time.monotonic()
    kiosk.restart()
    until(lambda: kiosk.run(*CURL, "-H", "Host: kiosk.lan", "http://127.0.0.1/", check=False) != "", "a portal")
    report(f"from power to portal, in a container: {time.monotonic() - begun:.1f} s")
    assert looking.failed_units(kiosk) == []
    until(lambda: "kiwix-serve" in {each.program for each in looking.listening(kiosk)}, "the books' server")
    memory = looking.memory(kiosk)
    for unit, size in memory.items():
        report(f"memory of {unit}: {size / 1e6:.1f} MB")
    total = sum(memory.values())
    report(f"memory of all units at rest: {total / 1e6:.1f} MB (limit {MOST_BYTES / 1e6:.0f})")
    assert {"kiosk-portal.service", "kiosk-library.service", "nginx.service"} <= set(memory)
    assert total <= MOST_BYTES


def test_the_console_is_there_on_demand(kiosk: Container) -> None:
    assert kiosk.run("systemctl", "is-active", "kiosk-console.service", check=False).strip() == "inactive"
    asked = ["-k", "--resolve", "console.kiosk.lan:443:127.0.0.1", "https://console.kiosk.lan/login"]
    assert kiosk.run(*CURL, "-o", "/dev/null", "-w", "%{http_code}", *asked) == "200"
    report(f"memory of the console: {looking.memory(kiosk)['kiosk-console.service'] / 1e6:.1f} MB")


def test_what_faces_the_network_has_high_walls(kiosk: Container) -> None:
    for name in FACING:
        told = kiosk.run("systemd-analyze", "security", "--no-pager", f"{name}.service")
        found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
        assert found, told
        assert float(found[1]) <= MOST_EXPOSED, name


@pytest.mark.long
def test_a_bare_machine_can_be_asked_what_would_be_changed(provisioned: Provisioned) -> None:
    values = kiosks.variables(provisioned.federation) | {"kiosk_bundle": str(kiosks.bundle())}
    with containers.container(provisioned.tree) as bare:
        bare.start()
        tried = playbook.play(bare.ssh, kiosks.SITE, values, "--check")
        assert (tried.well, "[ERROR]" in tried.printed) == (True, False), tried.printed[-3000:]
        assert "kiosk" not in bare.run("ls", "/etc", "/opt", "/var/lib").split()


def test_the_second_run_changes_nothing(provisioned: Provisioned, kiosk: Container) -> None:
    values = kiosks.variables(provisioned.federation) | {"kiosk_bundle": str(kiosks.bundle())}
    tried = playbook.play(kiosk.ssh, kiosks.SITE, values, "--check")
    assert (tried.well, tried.changed) == (True, 0), tried.printed[-3000:]
    again = playbook.play(kiosk.ssh, kiosks.SITE, values)
    assert (again.well, again.changed) == (True, 0), again.printed[-3000:]
    report(f"playbook again: {again.seconds:.0f} s, ok={again.ok} changed={again.changed}")


def test_secrets_are_the_device_s_own_and_the_card_was_handed_over(kiosk: Container) -> None:
    assert kiosk.run("ls", "/var/lib/kiosk-card").split() == []
    assert kiosk.run("stat", "-c", "%a %U", "/var/lib/kiosk-tls/console.key").split() == ["600", "root"]
    readable = "find / -xdev -perm -o=r -type f ( -name *.key -o -name hostapd.conf -o -name *.sqlite3 )"
    assert [each for each in kiosk.run(*readable.split(), check=False).split() if "/usr/" not in each] == []
    shadow = kiosk.run("cat", "/etc/shadow").splitlines()
    assert [line for line in shadow if line.split(":")[1][:1] not in ("*", "!", "")] == []


@pytest.mark.parametrize("name", captive.FIRST)
def test_a_phone_goes_through_the_captive_portal(kiosk: Container, phone: str, name: str) -> None:
    # It is another phone each time, though it gets the same address: the one before has left.
    for kind in ("-R", "-q"):
        kiosk.phone("udhcpc", "-i", "hotspot", "-n", "-q", kind, "-t", "5", "-T", "1", "-s", "/bin/true")
    assert captive.play(kiosk.phone, captive.steps(name), kiosks.PORTAL) == []


def test_a_phone_reaches_the_sites_and_nothing_else(kiosk: Container, phone: str) -> None:
    assert phone.startswith("10.77.0.")
    names = ("kiosk.lan", "books.lan", "example.org")
    there = [kiosk.phone("getent", "ahostsv4", name).split()[0] for name in names]
    assert there == [kiosks.PUBLIC] * len(names)
    assert kiosk.phone("getent", "ahostsv4", "console.kiosk.lan").split()[0] == kiosks.OWN
    ask = [*CURL, "-o", "/dev/null", "-w", "%{http_code} %{exitcode}"]

    def asked(url: str, *options: str) -> str:
        return kiosk.phone(*ask, "--connect-timeout", "4", *options, url, check=False)

    assert asked("https://console.kiosk.lan/", "-k") == "303 0"
    refused = "000 7"
    closed = [f"http://{kiosks.OWN}:{port}/" for port in (22, 8081, 8082, 8090)]
    assert [asked(url) for url in ("https://example.org/", *closed, "http://10.0.2.2:80/", f"http://{KIOSK}:22/")] == (
        [refused] * 7
    )


def test_the_uplink_finds_ssh_alone(kiosk: Container) -> None:
    laptop = ["ip", "netns", "exec", kiosk.network.laptop]
    ask = [*laptop, *CURL, "--connect-timeout", "2", "-o", "/dev/null", "-w", "%{exitcode}"]
    found = {port: run(*ask, f"http://{KIOSK}:{port}/", check=False) for port in (22, 53, 80, 443, 8081, 8090)}
    assert found == {22: "1", 53: "28", 80: "28", 443: "28", 8081: "28", 8090: "28"}  # 1: no HTTP there; 28: silence


def test_files_come_straight_from_the_card_in_ranges(kiosk: Container, phone: str) -> None:
    kiosk.phone(*CURL, "-X", "POST", f"{kiosks.PORTAL}/welcome")
    file = next(iter(re.findall(r'href="(/files/[^"]+[.]pdf)"', kiosk.phone(*CURL, f"{kiosks.PORTAL}/documents"))))
    url = f"{kiosks.PORTAL}{file}"
    heads = kiosk.phone(*CURL, "-D", "-", "-o", "/dev/null", "-r", "100-299", url)
    assert "206 Partial Content" in heads
    assert "content-range: bytes 100-299/" in heads.lower()
    assert "x-accel" not in heads.lower()
    assert "server: nginx" in heads.lower()
    whole = kiosk.phone("sh", "-c", f"curl -s --noproxy '*' {url} | tail -c +101 | head -c 200 | sha256sum")
    part = kiosk.phone("sh", "-c", f"curl -s --noproxy '*' -r 100-299 {url} | sha256sum")
    assert whole == part
    assert kiosk.phone(*CURL, "-o", "/dev/null", "-w", "%{http_code}", f"{kiosks.PORTAL}/.state/kiosk.sqlite3") == "404"


def test_a_book_is_read(kiosk: Container, phone: str) -> None:
    entries = kiosk.phone(*CURL, f"{kiosks.LIBRARY}/catalog/v2/entries")
    name = next(iter(re.findall(r'href="(/content/[^"]+)"', entries)))
    assert "<html" in kiosk.phone(*CURL, "-L", f"{kiosks.LIBRARY}{name}").lower()


def test_nothing_of_a_visitor_is_in_the_journal(kiosk: Container, phone: str) -> None:
    told = kiosk.run(
        "journalctl", "--no-pager", "-b", "-o", "json", "-u", "nginx", "-u", "kiosk-portal", "-u", "kiosk-library"
    )
    lines = [str(json.loads(line)["MESSAGE"]) for line in told.splitlines()]
    assert [line for line in lines if phone in line] == []


def test_the_journal_is_kept_in_memory(kiosk: Container) -> None:
    assert kiosk.run("find", "/var/log/journal", "-type", "f", check=False) == ""
    assert "Storage=volatile" in kiosk.run("systemd-analyze", "cat-config", "systemd/journald.conf")
