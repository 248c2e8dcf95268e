"""The root helper on its real socket: who is listened to, what is done, and that nothing ends it."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.errors import HostError
from kiosk.host import helper, orders
from kiosk.host.helper import Acts, Helper
from kiosk.host.machine import Helped, Unhelped
from kiosk.host.wifi import Announced, Network
from tests.host.test_orders import OUTSIDE
from tests.making import MovableClock

NOBODY = 65534
SYSTEMCTL = """#!/bin/sh
echo "$@" >>{log}
case "$*" in *stop*) echo "no such unit" >&2; exit 5 ;; esac
"""


@dataclass
class Scene:
    """A helper at work, with a systemctl that only writes down what it is told, and a clock of its own."""

    folder: Path
    clock: MovableClock = field(default_factory=MovableClock)
    times: list[float] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.folder / "helper.sock"

    @property
    def hostapd(self) -> Path:
        return self.folder / "hostapd.conf"

    @property
    def machine(self) -> Helped:
        return Helped(self.path)

    def told(self) -> list[str]:
        """Return what systemctl was told."""
        log = self.folder / "log"
        return log.read_text().splitlines() if log.exists() else []

    def acts(self) -> Acts:
        program = self.folder / "systemctl"
        program.write_text(SYSTEMCTL.format(log=self.folder / "log"))
        program.chmod(0o755)
        return Acts(str(program), self.hostapd, self.clock, self._set_clock, self.folder / "mark")

    def _set_clock(self, seconds: float) -> None:
        self.times.append(seconds)
        self.clock.now = datetime.fromtimestamp(seconds, UTC)

    def say(self, data: bytes, *, end: bool = True) -> dict[str, str]:
        """Send bytes as they are and return the answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(10)
            caller.connect(str(self.path))
            with contextlib.suppress(BrokenPipeError):
                caller.sendall(data)
                if end:
                    caller.shutdown(socket.SHUT_WR)
            answer: dict[str, str] = json.loads(caller.makefile("rb").readline())
            return answer


@contextlib.contextmanager
def at_work(scene: Scene, allowed: set[int]) -> Iterator[Scene]:
    stop = threading.Event()
    with helper.listener(scene.path) as listener:
        worker = threading.Thread(
            target=Helper(listener, allowed, scene.acts()).serve, args=(lambda: not stop.is_set(),)
        )
        worker.start()
        try:
            yield scene
        finally:
            stop.set()
            worker.join()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper, "TICK_SECONDS", 0.02)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    (tmp_path / "hostapd.conf").write_text("interface=wlan0\nssid=Old\nchannel=1\n")
    with at_work(Scene(tmp_path), {os.getuid()}) as scene:
        yield scene


def test_what_is_ordered_is_done(scene: Scene) -> None:
    scene.machine.start("sync")
    scene.machine.import_stick(Path("/run/kiosk-usb/sdb1"))
    scene.machine.export_stick(Path("/run/kiosk-usb/sdc"))
    scene.machine.start("look")
    scene.machine.roll_back(41)
    scene.machine.start("backup")
    scene.machine.start("restore")
    scene.machine.backup_stick(Path("/run/kiosk-usb/sdb1"))
    scene.machine.fetch_backup_stick(Path("/run/kiosk-usb/sdb1"))
    scene.machine.restart()
    scene.machine.shut_down()
    assert scene.told() == [
        "start --no-block kiosk-sync-now.service", "start --no-block kiosk-usb@sdb1.service",
        "start --no-block kiosk-export@sdc.service", "start --no-block kiosk-look.service",
        "start --no-block kiosk-rollback@41.service", "start --no-block kiosk-backup-now.service",
        "start --no-block kiosk-restore.service", "start --no-block kiosk-backup-stick@sdb1.service",
        "start --no-block kiosk-backup-fetch@sdb1.service", "reboot --no-block", "poweroff --no-block",
    ]  # fmt: skip


def test_what_the_machine_does_not_do_is_told(scene: Scene) -> None:
    with pytest.raises(HostError, match="no such unit"):
        scene.machine.stop("sync")
    with pytest.raises(HostError, match="no such verb"):
        scene.machine.start("anything")


def test_the_clock_is_set_and_vouched_for(scene: Scene) -> None:
    scene.machine.set_time(datetime(2026, 11, 25, 8, tzinfo=UTC))
    assert scene.times == [datetime(2026, 11, 25, 8, tzinfo=UTC).timestamp()]
    assert (scene.folder / "mark").exists()


def test_the_wifi_is_changed_and_goes_back_by_itself(scene: Scene) -> None:
    before = scene.hostapd.read_text()
    scene.machine.set_wifi(Network("New", "long enough", 11))
    assert "channel=11" in scene.hostapd.read_text()
    with pytest.raises(HostError, match="waits to be confirmed"):
        scene.machine.set_wifi(Network("Newer", "long enough", 11))
    scene.clock.forward(minutes=2)
    with pytest.raises(HostError, match="no change"):
        scene.machine.confirm_wifi()
    assert scene.hostapd.read_text() == before
    assert scene.told() == ["restart hostapd.service"] * 2


def test_the_wifi_stays_when_it_is_confirmed(scene: Scene) -> None:
    scene.machine.set_wifi(Network("New", "", 11))
    scene.clock.forward(seconds=119)
    scene.machine.confirm_wifi()
    scene.clock.forward(minutes=10)
    with pytest.raises(HostError, match="no change"):
        scene.machine.confirm_wifi()
    assert f"ssid2={b'New'.hex()}\n" in scene.hostapd.read_text()


def test_what_the_wifi_is_is_told_without_its_password(scene: Scene) -> None:
    assert scene.machine.wifi() == Announced("Old", 1, True)
    scene.machine.set_wifi(Network("Kijiji Ŋ", "long enough", 11))
    assert scene.machine.wifi() == Announced("Kijiji Ŋ", 11, False)
    assert b"long enough" not in json.dumps(scene.say(orders.write("tell-wifi"))).encode()
    scene.hostapd.unlink()
    with pytest.raises(HostError, match="No such file"):
        scene.machine.wifi()


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("ssid=Soko\nchannel=1\n", True),
        ("ssid=Soko\nchannel=1\nwpa=0\n", True),
        ("wpa_passphrase=maize and beans\n", False),
        ("ssid=Soko\nchannel=acs_survey\nwpa=2\nwpa_passphrase=maize and beans\n", False),
        ("ssid2=ff00\nchannel=1\n", False),
        ("ssid=Soko\nchannel=1\nwpa=2\nwpa_psk=00\n", False),
        ("ssid=Soko\nchannel=1\nsae_password=maize\n", False),
    ],
)
def test_only_a_hotspot_that_surely_is_one_is_told_to_be_open(scene: Scene, text: str, is_open: bool) -> None:
    scene.hostapd.write_text(text)
    assert scene.machine.wifi().is_open == is_open


HOSTILE = [
    b"", b"\n", b"\0\n", b"restart\n", b"\xff" * 1000 + b"\n", b"[" * 1500 + b"\n", b"x" * 1_000_000,
    b"{" * 1_000_000 + b"\n",
    b'{"verb": "restart", "arguments": []}', b'{"verb": "restart", "arguments": ["--force"]}\n',
    b'{"verb": "set-time", "arguments": [0]}\n', b'{"verb": "import-stick", "arguments": ["/etc"]}\n',
    b'{"verb": "restart", "arguments": []}\n{"verb": "restart", "arguments": []}\n',
]  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE)
def test_hostile_bytes_do_nothing_and_end_nothing(scene: Scene, data: bytes) -> None:
    with contextlib.suppress(ConnectionResetError):  # it was left in the middle of its words
        assert "refused" in scene.say(data)
    assert scene.told() == []
    scene.machine.restart()
    assert scene.told() == ["reboot --no-block"]


def test_a_path_outside_its_folder_is_refused_on_the_socket(scene: Scene) -> None:
    for folder in OUTSIDE:
        for verb in ("import-stick", "export-stick"):
            assert "refused" in scene.say(orders.write(verb, folder))
    assert scene.told() == []


def test_a_caller_that_says_nothing_is_left(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper, "PATIENCE_SECONDS", 0.1)
    assert "too slowly" in scene.say(b"", end=False)["refused"]
    assert "too slowly" in scene.say(b'{"verb": ', end=False)["refused"]


def test_a_caller_that_goes_away_ends_nothing(scene: Scene) -> None:
    for _ in range(3):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.connect(str(scene.path))
    scene.machine.restart()


def test_another_account_is_not_listened_to(tmp_path: Path) -> None:
    with at_work(Scene(tmp_path), {os.getuid() + 1}) as scene:
        with pytest.raises(HostError, match="may not give orders"):
            scene.machine.restart()
        assert scene.told() == []


@pytest.mark.skipif(os.getuid() != 0, reason="another account can be taken by root only")
def test_the_kernel_says_who_calls_not_the_caller() -> None:
    with tempfile.TemporaryDirectory() as name, at_work(Scene(Path(name)), {0}) as scene:
        scene.folder.chmod(0o755)
        scene.path.chmod(0o777)  # as if somebody had opened the door
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            os.seteuid(NOBODY)
            try:
                caller.connect(str(scene.path))
            finally:
                os.seteuid(0)
            with contextlib.suppress(BrokenPipeError):
                caller.sendall(orders.write("restart"))
            assert b"may not give orders" in caller.recv(orders.MOST_BYTES)
        assert scene.told() == []


def test_the_socket_is_for_its_owner_and_group_alone(scene: Scene) -> None:
    assert scene.path.stat().st_mode & 0o777 == 0o660


def test_without_a_helper_the_console_is_told(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="does not answer"):
        Helped(tmp_path / "none").restart()


def test_without_root_a_developers_machine_refuses_politely(tmp_path: Path) -> None:
    machine = Unhelped(tmp_path / "kiosk.yaml")
    network = Network("a", "", 1)
    acts = (machine.restart, machine.shut_down, machine.confirm_wifi, machine.wifi, lambda: machine.set_wifi(network),
            lambda: machine.set_time(datetime.now(UTC)), lambda: machine.start("anything"))  # fmt: skip
    for act in acts:
        with pytest.raises(HostError):
            act()


def test_the_command_answers_and_loads_nothing_of_the_sites(tmp_path: Path) -> None:
    path = tmp_path / "h.sock"
    me = pwd.getpwuid(os.getuid()).pw_name
    code = (
        "import sys; from kiosk.cli.main import kiosk; import kiosk.cli.helper as h;"
        "assert not {'flask', 'sqlite3', 'PIL', 'psutil'} & set(sys.modules), sys.modules; kiosk()"
    )
    command = [sys.executable, "-c", code, "helper", "--socket", str(path), "--allow", me]
    with subprocess.Popen(command) as process:
        try:
            ends = time.monotonic() + 60
            while not path.is_socket() and process.poll() is None and time.monotonic() < ends:
                time.sleep(0.05)
            with pytest.raises(HostError, match="no such verb"):
                Helped(path).start("nothing")
        finally:
            process.kill()


def test_an_account_that_is_not_there_is_named() -> None:
    with pytest.raises(HostError, match="no account 'nobody-at-all'"):
        helper.account("nobody-at-all")
