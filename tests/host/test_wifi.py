"""A change of the hotspot: what hostapd reads, and that it undoes itself."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.errors import HostError
from kiosk.host.orders import Refused
from kiosk.host.wifi import Network, Trial, Wifi, rewritten
from tests.making import START, MovableClock

OLD = "interface=wlan0\ncountry_code=UG\nssid=Old\nwpa=2\nwpa_passphrase=old old old\nchannel=1\n"
NEW = Network("Kijiji\u014a", "a new password", 6)


@pytest.mark.parametrize(
    ("seconds", "over"),
    [(0, False), (1, False), (119, False), (120, True), (10**9, True), (-1, True), (-(10**9), True)],
)  # fmt: skip
def test_a_trial_lasts_two_minutes_and_a_clock_that_jumps_ends_it(seconds: int, over: bool) -> None:
    assert Trial(START).is_over(START + timedelta(seconds=seconds)) is over


def test_only_the_networks_own_lines_change() -> None:
    text = rewritten(OLD, NEW)
    assert text.startswith("interface=wlan0\ncountry_code=UG\n")
    assert f"ssid2={NEW.name.encode().hex()}\n" in text
    assert text.count("wpa_passphrase=") == text.count("channel=") == 1
    assert "Old" not in text
    assert "wpa" not in rewritten(text, Network("Open", "", 1))


class Hotspot:
    """A hotspot whose hostapd can be made to fail."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "hostapd.conf"
        self.file.write_text(OLD)
        self.file.chmod(0o600)
        self.clock = MovableClock()
        self.fails = 0
        self.applied: list[str] = []
        self.wifi = self.again()

    def again(self) -> Wifi:
        """Return the hotspot as the next start of the helper finds it."""
        return Wifi(self.file, self._apply, self.clock)

    def _apply(self) -> None:
        self.applied.append(self.file.read_text())
        if self.fails:
            self.fails -= 1
            raise HostError("hostapd does not start")


@pytest.fixture
def hotspot(tmp_path: Path) -> Hotspot:
    return Hotspot(tmp_path)


def test_it_goes_back_after_two_minutes(hotspot: Hotspot) -> None:
    hotspot.wifi.change(NEW)
    hotspot.clock.forward(seconds=119)
    hotspot.wifi.tick()
    assert hotspot.file.read_text() == rewritten(OLD, NEW)
    hotspot.clock.forward(seconds=1)
    hotspot.wifi.tick()
    assert hotspot.file.read_text() == OLD == hotspot.applied[-1]
    assert not hotspot.wifi.is_on_trial
    hotspot.wifi.change(NEW)


def test_it_stays_when_confirmed_in_time(hotspot: Hotspot) -> None:
    hotspot.wifi.change(NEW)
    hotspot.wifi.confirm()
    hotspot.clock.forward(days=1)
    hotspot.wifi.tick()
    hotspot.again().tick()
    assert hotspot.file.read_text() == rewritten(OLD, NEW)
    assert len(hotspot.applied) == 1


def test_it_can_not_be_confirmed_too_late_or_twice(hotspot: Hotspot) -> None:
    hotspot.wifi.change(NEW)
    hotspot.clock.forward(minutes=2)
    with pytest.raises(Refused):
        hotspot.wifi.confirm()
    assert hotspot.file.read_text() == OLD


def test_a_power_cut_in_the_two_minutes_brings_it_back(hotspot: Hotspot) -> None:
    hotspot.wifi.change(NEW)
    hotspot.again().tick()
    assert hotspot.file.read_text() == OLD


def test_what_hostapd_does_not_take_is_undone_at_once(hotspot: Hotspot) -> None:
    hotspot.fails = 1
    with pytest.raises(HostError):
        hotspot.wifi.change(NEW)
    assert hotspot.file.read_text() == OLD == hotspot.applied[-1]


def test_without_a_hotspot_it_is_said(tmp_path: Path) -> None:
    wifi = Wifi(tmp_path / "none", lambda: None, MovableClock())
    with pytest.raises(HostError, match="No such file"):
        wifi.change(NEW)
    assert not wifi.is_on_trial


def test_nobody_else_reads_the_password(hotspot: Hotspot) -> None:
    hotspot.wifi.change(NEW)
    for path in hotspot.file.parent.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
