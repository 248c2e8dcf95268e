"""Phones over the air: the provisioned kiosk announces its network by itself, and phones join, read, write, and do not
reach what they shall not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from kiosk.console import create_console
from kiosk.console.session import OPEN_TO_ALL
from tests.appliance import browsing, captive, desktop, looking, radio, visiting
from tests.appliance import federation as federations
from tests.appliance.conftest import report
from tests.appliance.kiosks import CONSOLE, LIBRARY, OWN, PASSWORD, PORTAL, PUBLIC, WIFI, Provisioned
from tests.appliance.machine import Machine
from tests.appliance.network import KIOSK, LAPTOP
from tests.appliance.radio import Phone
from tests.appliance.running import free_port, until
from tests.console.test_doors import doors, path
from tests.making import Village

pytestmark = pytest.mark.long
PROBE = "http://connectivitycheck.gstatic.com/generate_204"
NAMES = ("whatever.example", "www.google.com", "kiosk.lan", "books.lan", "a.name.that.nobody.has")
NO_CONNECTION = "000"
PATIENCE_SECONDS = 10
PICTURES_ARE_SEEN = "document.images.length > 0 && [...document.images].every((each) => each.naturalWidth > 0)"
REACH = f"""\
for each; do
	busybox ping -c 2 -W 2 "$each" >/dev/null 2>&1 && echo "ping $each" &
	curl -s -o /dev/null --max-time {PATIENCE_SECONDS} "http://$each:8000/" && echo "page $each" &
done
wait
"""
OURS = "99"
# By all of them: answers have to find back by the same way, or nothing would be shown by it.
BY_THE_KIOSK = f'for each; do ip route replace "$each/32" via {OWN} proto {OURS}; done'
STARTED = ("ActiveEnterTimestampMonotonic", "ExecMainStartTimestampMonotonic")


@pytest.fixture(scope="module")
def kiosk(provisioned: Provisioned) -> Iterator[Machine]:
    """The provisioned kiosk with its radio, switched on and left alone."""
    with radio.kiosk(provisioned, 3) as running:
        report(f"phones: the kiosk was ready {running.start():.0f} s after it was switched on")
        yield running


@pytest.fixture(scope="module")
def phones(kiosk: Machine) -> list[Phone]:
    """Three phones that have not joined."""
    return radio.phones(kiosk, 3)


@pytest.fixture
def three(phones: list[Phone]) -> list[Phone]:
    """The phones, which have just joined: none has pressed OK."""
    for each in phones:
        if each.is_in():
            each.take_address()
        else:
            each.join(WIFI, PASSWORD)
    return phones


def fetched(phone: Phone, *words: str, told: str = "%{http_code}") -> str:
    """Return the status with which something is answered, 000 for no answer; or what else curl is to tell of it."""
    how = ("curl", "-sk", "-o", "/dev/null", "--max-time", f"{PATIENCE_SECONDS}", "-w", told)
    return phone.run(*how, *words, check=False)


def refused(phone: Phone, url: str) -> bool:
    """Tell whether a connection is refused at once, and does not time out."""
    said = phone.run(
        "curl", "-sk", "--max-time", f"{PATIENCE_SECONDS}", "-w", "%{exitcode} %{time_connect}", url, check=False
    )
    return said == "7 0.000000"


def reached(place: Machine | Phone, *addresses: str) -> set[str]:
    """Return what reaches which of the addresses, as "ping 10.77.0.10" and "page 10.77.0.10"; all is tried at once."""
    return set(place.run("sh", "-c", REACH, "reach", *addresses).splitlines())


def stations(kiosk: Machine) -> int:
    """Return how many phones hostapd has let in."""
    told = kiosk.run("hostapd_cli", "-s", "/run/hostapd", "-p", "/run/hostapd", "all_sta")
    return told.count("[AUTHORIZED]")


def heard(phone: Phone) -> str:
    """Return what a phone hears of the networks, once ours is among them: a single look can miss a beacon."""
    looks: list[str] = []

    def is_there() -> bool:
        looks.append(phone.run("iw", "dev", phone.device, "scan"))
        return f"SSID: {WIFI}" in looks[-1]

    until(is_there, "the network of the kiosk among those heard")
    return looks[-1]


def test_the_network_is_announced_by_itself_when_the_portal_answers(kiosk: Machine, phones: list[Phone]) -> None:
    failed = looking.failed_units(kiosk)
    assert not failed, [looking.why(kiosk, each) for each in failed]
    times = {}
    for unit in ("kiosk-portal", "nginx", "nftables", "hostapd", "dnsmasq"):
        told = kiosk.run("systemctl", "show", f"--property=ActiveState,{','.join(STARTED)}", f"{unit}.service")
        values = dict(line.split("=") for line in told.splitlines())
        assert values["ActiveState"] == "active", looking.why(kiosk, f"{unit}.service")
        times[unit] = [int(values[name]) / 1e6 for name in STARTED]
    assert max(times[unit][0] for unit in ("kiosk-portal", "nginx", "nftables")) <= times["hostapd"][1], times
    assert times["hostapd"][1] <= times["dnsmasq"][1], times
    report(f"phones: the portal answered {times['kiosk-portal'][0]:.0f} s after the kernel began")
    report(f"phones: the network was announced at {times['hostapd'][0]:.0f} s")
    first = phones[0]
    first.run("ip", "link", "set", first.device, "up")
    seen = heard(first)
    assert "primary channel: 6" in seen
    assert "Country: UG" in seen
    assert re.search(r"Supported rates: 6.0\* 9.0 12.0\* 18.0 24.0\* 36.0 48.0 54.0\s*\n", seen), seen
    assert "Extended supported rates" not in seen
    assert re.search(r"Authentication suites: PSK SAE", seen), seen


def test_phones_join_and_get_leases_and_names(kiosk: Machine, phones: list[Phone]) -> None:
    first, second, third = phones
    first.run("ip", "link", "set", first.device, "down")
    report(f"phones: the first was in after {first.join(WIFI, PASSWORD):.0f} s, by WPA2")
    report(f"phones: the second was in after {second.join(WIFI, PASSWORD, wpa3=True):.0f} s, by WPA3")
    third.join(WIFI, PASSWORD)
    addresses = [each.address() for each in phones]
    assert len(set(addresses)) == 3
    assert all(each.startswith("10.77.0.") and 10 <= int(each.split(".")[3]) <= 250 for each in addresses)
    leases = kiosk.run("cat", "/run/dnsmasq/kiosk.leases").splitlines()
    assert {line.split()[2] for line in leases} == set(addresses)
    for each in phones:
        told = [line.split()[0] for line in each.run("getent", "ahosts", *NAMES).splitlines()]
        assert set(told) == {PUBLIC}, told
        assert each.run("getent", "ahosts", "console.kiosk.lan").split()[0] == OWN
        assert each.run("ip", "-6", "address", "show", "scope", "global", "dev", each.device) == ""
    assert kiosk.run("ip", "-6", "address", "show", "dev", "wlan0") == ""
    assert stations(kiosk) == 3
    report("phones: 3 seats taken, by hostapd")


def test_a_wrong_password_is_not_let_in(kiosk: Machine, three: list[Phone]) -> None:
    stranger = three[2]
    stranger.leave()
    assert stranger.is_refused(WIFI, PASSWORD.upper())
    assert stations(kiosk) == 2
    stranger.leave()


@pytest.mark.parametrize(("number", "name"), [*enumerate(captive.FIRST)])
def test_phones_go_through_the_captive_portal(three: list[Phone], number: int, name: str) -> None:
    assert captive.play(three[number].run, captive.steps(name), PORTAL) == []


def test_a_book_is_read_and_the_board_is_written_in_a_real_browser(three: list[Phone]) -> None:
    writer, reader, _ = three
    with browsing.browser(writer) as context:
        page = context.new_page()
        visiting.enter(page)
        page.get_by_role("link", name="Library").first.click()
        page.get_by_role("link", name="Read").first.click()
        assert page.url.startswith(f"{LIBRARY}/content/farming-handbook")
        expect(page.get_by_role("heading", name="Smallholder's Farming Handbook")).to_be_visible()
        page.get_by_role("link", name="Know your soil").first.click()
        expect(page.locator("main p").first).to_contain_text("soil")
        page.wait_for_function(PICTURES_ARE_SEEN)
        page.goto(f"{PORTAL}/board/new")
        page.get_by_label("What is it about?").fill("Two goats for sale")
        page.get_by_label("Your name").fill("Wanjiru")
        page.locator("textarea").fill("Healthy and young.")
        page.locator("main form button").last.click()
        page.wait_for_url(re.compile(r"/board/\d+"))
        thread = page.url.partition("#")[0].partition("?")[0]
    seen = reader.run("curl", "-s", thread)
    assert "Two goats for sale" in seen
    assert "Healthy and young." in seen
    assert "Wanjiru" in seen


def test_one_phone_does_not_reach_another(kiosk: Machine, three: list[Phone]) -> None:
    addresses = [each.address() for each in three]
    for each in three:
        server = ("python3", "-m", "http.server", "8000")
        kiosk.run("systemd-run", f"--unit=rig-{each.name}", "--collect", "ip", "netns", "exec", each.name, *server)
    everything = {f"{what} {each}" for what in ("ping", "page") for each in addresses}
    until(lambda: reached(kiosk, *addresses) == everything, "what the phones serve, seen from the kiosk", pause=1)
    pairs = [(one, [each for each in addresses if each != own]) for one, own in zip(three, addresses, strict=True)]
    assert [reached(one, *others) for one, others in pairs] == [set()] * 3, "by the air"
    for one, others in pairs:
        one.run("sh", "-c", BY_THE_KIOSK, "routes", *others)
    assert [reached(one, *others) for one, others in pairs] == [set()] * 3, "by way of the kiosk"
    for one, _ in pairs:
        one.run("ip", "route", "flush", "proto", OURS)
    for each in three:
        kiosk.run("systemctl", "stop", f"rig-{each.name}.service")


def test_a_phone_does_not_reach_the_uplink(provisioned: Provisioned, kiosk: Machine, three: list[Phone]) -> None:
    port = free_port()
    with federations.served(provisioned.federation, "127.0.0.1", port):
        assert kiosk.run("curl", "-sf", f"http://{LAPTOP}:{port}/metadata/1.root.json")
        for each in three:
            assert refused(each, f"http://{LAPTOP}:{port}/")
            assert refused(each, f"http://{KIOSK}/"), "the kiosk's own address there"
            assert refused(each, "http://198.51.100.7/"), "what lies behind it"
            assert "0 packets received" in each.run("busybox", "ping", "-c", "1", "-W", "2", LAPTOP, check=False)


def test_port_443_is_refused_at_once_and_only_what_is_meant_to_is_open(three: list[Phone]) -> None:
    first = three[0]
    for name in (*NAMES, PUBLIC, "books.lan"):
        assert refused(first, f"https://{name}/"), name
    for port in (22, 5353, 8081, 8090):
        assert refused(first, f"http://{OWN}:{port}/"), port
        assert refused(first, f"http://{PUBLIC}:{port}/"), port


def test_without_a_login_the_console_shows_its_login_alone(village: Village, three: list[Phone]) -> None:
    first = three[0]
    plain = fetched(first, "http://console.kiosk.lan/members", told="%{http_code} %{redirect_url}")
    assert plain == f"308 {CONSOLE}/members"
    login = first.run("curl", "-sk", f"{CONSOLE}/login")
    assert 'name="password"' in login
    with pytest.raises(AssertionError, match="certificate"):
        first.run("curl", "-sS", f"{CONSOLE}/login")
    app = create_console(village.config, village.clock)
    shut = [path(rule) for method, rule in doors(app) if method == "GET" and rule.endpoint not in OPEN_TO_ALL]
    assert len(shut) > 30
    form = ["-w", "%{http_code} %{redirect_url} %{size_download}\n", *(f"{CONSOLE}{each}" for each in shut)]
    told = first.run("curl", "-sk", *[word for each in shut for word in ("-o", "/dev/null")], *form, seconds=300)
    assert [line.split()[:2] for line in told.splitlines()] == [["303", f"{CONSOLE}/login"]] * len(shut)
    assert fetched(first, "-X", "POST", "-d", "name=operator", f"{CONSOLE}/members") in ("400", "403")


def test_whoever_gets_the_address_of_one_who_left_is_welcomed_anew(three: list[Phone]) -> None:
    first, second, _ = three
    address = first.address()
    assert fetched(first, PROBE) == "302"
    assert fetched(first, "-X", "POST", f"{PORTAL}/welcome") == "303"
    assert fetched(first, PROBE) == "204"
    assert fetched(second, PROBE) == "302"
    first.give_back()
    first.leave()
    second.give_back()
    second.take_address(address)
    assert second.address() == address
    assert fetched(second, PROBE) == "302"
    assert 'class="in"' in second.run("curl", "-s", f"{PORTAL}/welcome")


def test_networkmanager_says_portal_before_ok_and_full_after(three: list[Phone]) -> None:
    phone = three[2]
    phone.leave()
    with desktop.desktop(phone) as found:
        found.join(WIFI, PASSWORD)
        report(f"phones: NetworkManager said 'portal' after {found.judges('portal'):.1f} s")
        assert fetched(phone, "-X", "POST", f"{PORTAL}/welcome") == "303"
        report(f"phones: NetworkManager said 'full' {found.judges('full'):.1f} s after OK")
    phone.run("ip", "address", "flush", "dev", phone.device)


def test_an_operator_opens_the_network_to_all_and_keeps_it(
    provisioned: Provisioned, kiosk: Machine, three: list[Phone]
) -> None:
    first, second, _ = three
    with browsing.browser(first) as context:
        page = context.new_page()
        visiting.sign_in(page, re.findall(r"First password: (\S+?)'", provisioned.facts["first"]["printed"])[0])
        told = json.loads(context.request.get(f"{CONSOLE}/machine/diagnostics").text())["health"]
        assert told["phones"] == 3
        visiting.change_wifi(page, "Kijiji for all", None)
        first.leave()
        first.join("Kijiji for all")
        visiting.keep_wifi(page)
        second.leave()
        second.join("Kijiji for all")
        assert captive.play(second.run, captive.steps(captive.FIRST[0]), PORTAL) == []
        visiting.change_wifi(page, WIFI, PASSWORD)
        first.leave()
        first.join(WIFI, PASSWORD)
        visiting.keep_wifi(page)
    second.leave()
