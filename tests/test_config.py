"""The configuration file: read whole, and every mistake told with file, line and remedy."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kiosk.config import About, Captive, load
from kiosk.errors import ConfigError

GOOD = """\
name: Kijiji telecenter
state: state
portal: {address: 127.0.0.1, port: 8080, url: "http://kiosk.test"}
library: {address: 127.0.0.2, port: 8081, url: "http://books.test"}
console:
  address: 127.0.0.3
  port: 8082
  url: "https://console.kiosk.test/"
sync: {mirrors: ["http://federation.test/repository/", ./stick, /srv/mirror], trusted_root: root.json}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "kiosk.yaml"
    path.write_text(text)
    return path


def test_a_good_file_is_read(tmp_path: Path) -> None:
    config = load(written(tmp_path, GOOD))
    assert config.state == tmp_path / "state"
    assert config.console.url == "https://console.kiosk.test"
    assert config.sync.mirrors == ("http://federation.test/repository", str(tmp_path / "stick"), "/srv/mirror")
    assert config.sync.channels == ("stable",)
    assert config.sync.spare_bytes == 200_000_000
    assert config.sync.neighbours
    assert config.time_zone == ZoneInfo("UTC")
    assert config.sync.trusted_root == tmp_path / "root.json"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("name:", "nmae:", "kiosk.yaml:1: unknown key 'nmae' (did you mean 'name'?)"),
        ("port: 8082", "port: 99999", "kiosk.yaml:7: 'port' is 99999 (a whole number from 1 to 65535)"),
        ("port: 8082", "prot: 8082", "kiosk.yaml:7: unknown key 'prot' (did you mean 'port'?)"),
        ("port: 8082", 'port: "8082"', "kiosk.yaml:7: 'port' must be a whole number"),
        ("http://books.test", "http://kiosk.test", "is the address of portal too"),
        ("http://books.test", "http://books.kiosk.test", "scripts of books could set cookies of the portal"),
        ("http://books.test", "http://kiosk.test:8081", "scripts of books could set cookies of the portal"),
        ("state: state", "state: state\ntime_zone: Africa/Kamapla", "did you mean 'Africa/Kampala'?"),
        ("https://console.kiosk.test/", "console", "'console' is not a URL (write it as http://host:port)"),
        ("https://console.kiosk.test/", "https://[::1", "'https://[::1' is not a URL"),
        ("/srv/mirror", "srv", "'srv' is not a URL (write it as http://host:port, or a folder as /srv/mirror)"),
        ("/srv/mirror", "./stick", "kiosk.yaml:9: './stick' is there twice"),
        ("mirrors:", "mirror:", "unknown key 'mirror' (did you mean 'mirrors'?)"),
        ("port: 8082", "port: 8082\n  proxy: nginx", "'nginx' is not an address (write it as 127.0.0.1)"),
        ("state: state\n", "", "the key 'state' is missing"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, before: str, after: str, told: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(written(tmp_path, GOOD.replace(before, after)))
    assert told in refusal.value.message


def test_places_channels_and_zone_can_be_chosen(tmp_path: Path) -> None:
    text = GOOD.replace("sync: {", "time_zone: Africa/Kampala\nsync: {channels: [stable, prices], spare_mb: 500, ")
    config = load(written(tmp_path, text))
    assert config.sync.channels == ("stable", "prices")
    assert config.sync.spare_bytes == 500_000_000
    assert config.time_zone == ZoneInfo("Africa/Kampala")


def test_how_phones_are_let_in(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD)).captive == Captive(again_hours=24, https_url=None)
    text = GOOD.replace("port: 8080,", "port: 8080, proxy: 127.0.0.1,")
    config = load(written(tmp_path, text + "captive: {again_hours: 1, https_url: 'https://kiosk.test/'}\n"))
    assert config.captive == Captive(again_hours=1, https_url="https://kiosk.test")
    assert config.portal.proxy == "127.0.0.1"
    assert config.console.proxy is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("captive: {again_hours: 0}", "'again_hours' is 0 (a whole number from 1 to 8760)"),
        ("captive: {again: 1}", "unknown key 'again' (did you mean 'again_hours'?)"),
        ("captive: {https_url: 'http://kiosk.test'}", "'http://kiosk.test' is not an https address"),
    ],
)
def test_a_mistake_in_how_phones_are_let_in_is_told(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(written(tmp_path, GOOD + line + "\n"))
    assert told in refusal.value.message


def test_who_runs_the_kiosk(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD)).about == About("", ())
    told = "about: {cooperative: Kijiji Farmers, contact: [Amina in the shop, 0700 123 456]}\n"
    found = load(written(tmp_path, GOOD + told)).about
    assert found == About("Kijiji Farmers", ("Amina in the shop", "0700 123 456"))
    with pytest.raises(ConfigError, match="unknown key 'phone'"):
        load(written(tmp_path, GOOD + "about: {phone: 0700}\n"))
    with pytest.raises(ConfigError, match="'contact' must be a list of at least 1 texts"):
        load(written(tmp_path, GOOD + "about: {contact: [0700]}\n"))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: can not be read") as refusal:
        load(tmp_path / "none.yaml")
    assert refusal.value.hint


def test_a_site_may_listen_on_a_socket(tmp_path: Path) -> None:
    text = GOOD.replace("address: 127.0.0.1, port: 8080,", "socket: run/portal.sock, file_server: /.state/,")
    config = load(written(tmp_path, text))
    assert config.portal.socket == tmp_path / "run" / "portal.sock"
    assert config.portal.file_server == "/.state"
    assert config.library.socket is None


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("address: 127.0.0.1, port: 8080,", "socket: /run/p, port: 8080,", "unknown key 'port'"),
        ("address: 127.0.0.2, port: 8081,", "socket: /run/l,", "'address' is missing"),
        ("port: 8080,", "port: 8080, file_server: state,", "'state' is not a path (write it as /.state)"),
    ],
)
def test_a_socket_stands_in_the_place_of_address_and_port(tmp_path: Path, before: str, after: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, GOOD.replace(before, after)))
    assert told in str(caught.value) + str(caught.value.hint) + str(caught.value.detail)
