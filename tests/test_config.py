"""The configuration file: read whole, and every mistake told with file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.config import load
from kiosk.errors import ConfigError

GOOD = """\
name: Kijiji telecenter
state: state
portal: {address: 127.0.0.1, port: 8080, url: "http://kiosk.test"}
library: {address: 127.0.0.2, port: 8081, url: "http://books.kiosk.test"}
console:
  address: 127.0.0.3
  port: 8082
  url: "https://console.kiosk.test/"
sync: {mirror: "http://federation.test/repository", trusted_root: root.json}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "kiosk.yaml"
    path.write_text(text)
    return path


def test_a_good_file_is_read(tmp_path: Path) -> None:
    config = load(written(tmp_path, GOOD))
    assert config.state == tmp_path / "state"
    assert config.console.url == "https://console.kiosk.test"
    assert config.sync.channel == "stable"
    assert config.sync.trusted_root == tmp_path / "root.json"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("name:", "nmae:", "kiosk.yaml:1: unknown key 'nmae' (did you mean 'name'?)"),
        ("port: 8082", "port: 99999", "kiosk.yaml:7: 'port' is 99999 (a whole number from 1 to 65535)"),
        ("port: 8082", "prot: 8082", "kiosk.yaml:7: unknown key 'prot' (did you mean 'port'?)"),
        ("port: 8082", 'port: "8082"', "kiosk.yaml:7: 'port' must be a whole number"),
        ("http://books.kiosk.test", "http://kiosk.test", "is the address of portal too"),
        ("http://federation.test/repository", "federation.test", "is not a URL (write it as http://host:port)"),
        ("state: state\n", "", "the key 'state' is missing"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, before: str, after: str, told: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(written(tmp_path, GOOD.replace(before, after)))
    assert told in refusal.value.message


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: can not be read") as refusal:
        load(tmp_path / "none.yaml")
    assert refusal.value.hint
