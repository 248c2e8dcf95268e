"""What a person writes on the card is taken whole or not at all, and says what to mend."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from kiosk.host import wifi, wishes
from kiosk.host.wifi import Network
from kiosk.host.wishes import Wishes

SENT = Path(__file__).parents[2] / "provisioning" / "image" / "device" / "kiosk.txt"
HOTSPOT = wifi.rewritten("interface=wlan0\ncountry_code=UG\n", Network("Kijiji", "maize and beans", 11))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    config, hotspot = tmp_path / "kiosk.yaml", tmp_path / "hostapd.conf"
    config.write_text("# Made.\nname: Kijiji\nabout:\n  name: other\n")
    hotspot.write_text(HOTSPOT)
    return config, hotspot, tmp_path / "wishes"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_of_any_editor_is_read(encoding: str) -> None:
    text = "# who we are\r\nName : Umoja: ñandú\r\n\r\nWi-Fi  name: Soko\r\nwifi password: OPEN\r\n"
    assert wishes.read(text.encode(encoding)) == (Wishes("Umoja: ñandú", "Soko", ""), [])


def test_the_file_that_comes_with_the_image_wishes_nothing_and_can_be_used() -> None:
    assert wishes.read(SENT.read_bytes()) == (Wishes(), [])
    uncommented = SENT.read_text().replace("\n#name", "\nname").replace("\n#wifi", "\nwifi")
    wished = Wishes("Kijiji cooperative telecenter", "Kijiji", "maize and beans")
    assert wishes.read(uncommented.encode()) == (wished, [])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("name:", "write a name"),
        (f"name: {'n' * 61}", "write a name"),
        ("wifi name: " + "ñ" * 17, "write a name of 1 to 32"),
        ("wifi password: short", "write 8 to 63 plain letters"),
        ("wifi password: contraseña", "write 8 to 63 plain letters"),
        ("wifi password: maize\tand beans", "write 8 to 63 plain letters"),
        ("password: maize and beans", "it begins with none of: name:, wifi name:, wifi password:"),
        ("hello", "it begins with none of"),
    ],
)
def test_a_line_that_can_not_be_used_is_told(line: str, said: str) -> None:
    _, wrong = wishes.read(f"name: Umoja\n{line}\n".encode())
    assert any(each.startswith("Line 2: ") and (said in each or "line above" in each) for each in wrong), wrong


def test_what_is_no_text_is_told() -> None:
    assert "UTF-8" in wishes.read(b"name: \xff\xff")[1][0]
    assert "longer" in wishes.read(b"#" * 20_000)[1][0]


def test_wishes_are_taken_into_both_files(files: tuple[Path, Path, Path]) -> None:
    config, hotspot, taken = files
    wishes.take(Wishes('Umoja: "we"', "Soko", ""), config, hotspot, taken)
    assert yaml.safe_load(config.read_text()) == {"name": 'Umoja: "we"', "about": {"name": "other"}}
    assert stat.S_IMODE(config.stat().st_mode) == 0o644
    assert wifi.described(hotspot.read_text()) == Network("Soko", "", 11)
    assert stat.S_IMODE(hotspot.stat().st_mode) == 0o600
    assert "country_code=UG" in hotspot.read_text()
    assert "Soko" not in taken.read_text()


def test_the_wifi_is_the_operators_until_the_file_is_changed(files: tuple[Path, Path, Path]) -> None:
    config, hotspot, taken = files
    wishes.take(Wishes("Umoja", "Soko"), config, hotspot, taken)
    assert wifi.described(hotspot.read_text()) == Network("Soko", "maize and beans", 11)
    wifi.write(hotspot, wifi.rewritten(hotspot.read_text(), Network("Changed in the console", "", 6)))
    config.write_text("name: of the image\n")  # as a read-only system has it at each start
    wishes.take(Wishes("Umoja", "Soko"), config, hotspot, taken)
    assert wifi.described(hotspot.read_text()).name == "Changed in the console"
    assert yaml.safe_load(config.read_text()) == {"name": "Umoja"}
    before = hotspot.with_name("hostapd.conf.before")
    before.write_text("of a change that nobody confirmed")
    wishes.take(Wishes("Umoja", "Sokoni"), config, hotspot, taken)
    assert wifi.described(hotspot.read_text()) == Network("Sokoni", "", 6)
    assert not before.exists()
