"""A site on duty under systemd: sockets handed over, ready and alive told, and an end when nobody asks."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.cli import duty
from kiosk.config import Config, Site, load
from kiosk.host import processes, supervisor

CONFIG = """\
name: Umoja
state: state
portal: {{socket: {folder}/portal.sock, url: "http://kiosk.test", file_server: /.state}}
library: {{address: 127.0.0.1, port: 8081, url: "http://books.test"}}
console: {{socket: {folder}/console.sock, url: "https://console.lan"}}
sync: {{mirrors: ["http://127.0.0.1:1"], trusted_root: root.json}}
"""
STARTED = """
import os, sys
os.environ["LISTEN_PID"] = os.environ["WATCHDOG_PID"] = str(os.getpid())
from kiosk.cli import serve
if {minutes}:
    whole = serve.duty.stand
    serve.duty.stand = lambda app, site, most, idle, **more: whole(app, site, most, 1.0, **more)
sys.argv = ["kiosk", *{words}]
from kiosk.cli.main import main
main()
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "kiosk.yaml"
    path.write_text(CONFIG.format(folder=tmp_path))
    return load(path)


@contextmanager
def told(folder: Path) -> Iterator[socket.socket]:
    """Yield a socket that hears what a service tells systemd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hears:
        hears.bind(str(folder / "notify"))
        hears.settimeout(30)
        yield hears


@contextmanager
def started(
    folder: Path, words: list[str], handed: socket.socket | None = None, *, ends: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `kiosk serve` as systemd does; `ends`: after one second that nobody asks."""
    environment = os.environ | {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "600000"}
    if handed:
        environment["LISTEN_FDS"] = "1"
    program = STARTED.format(minutes=ends, words=words)

    def hand_over() -> None:
        if handed:
            os.dup2(handed.fileno(), supervisor.FIRST_DESCRIPTOR)

    child = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, preexec_fn=hand_over, close_fds=handed is None
    )
    try:
        yield child
    finally:
        child.terminate()
        child.wait(20)


def test_a_site_tells_that_it_is_ready_and_alive_and_listens_for_its_group_alone(
    tmp_path: Path, config: Config
) -> None:
    with told(tmp_path) as hears, started(tmp_path, ["serve", "portal", "--config", str(tmp_path / "kiosk.yaml")]):
        assert hears.recv(100) == b"READY=1"
        assert hears.recv(100) == b"WATCHDOG=1"
        assert config.portal.socket
        assert stat.S_IMODE(config.portal.socket.stat().st_mode) == 0o660
        assert processes.site_answers(config.portal)
        assert not processes.site_answers(config.console)


def test_a_console_ends_when_nobody_asks_and_its_socket_stays(tmp_path: Path, config: Config) -> None:
    words = ["serve", "console", "--idle-minutes", "1", "--config", str(tmp_path / "kiosk.yaml")]
    assert config.console.socket
    with told(tmp_path) as hears, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as handed:
        handed.bind(str(config.console.socket))
        handed.listen()
        with started(tmp_path, words, handed, ends=True) as child:
            assert hears.recv(100) == b"READY=1"
            assert processes.site_answers(config.console)
            assert child.wait(20) == 0
        # What comes now waits for the next start.
        with started(tmp_path, words, handed):
            assert processes.site_answers(config.console, seconds=20)


def test_the_watch_keeps_no_site_awake() -> None:
    asked = duty.Asked(lambda environ, start: [b""])
    asked._last -= 100
    asked({"HTTP_USER_AGENT": duty.WATCH}, lambda *_: lambda _data: None)
    assert asked.idle_seconds() >= 100
    asked({"HTTP_USER_AGENT": "Mozilla"}, lambda *_: lambda _data: None)
    assert asked.idle_seconds() < 100


def test_a_site_that_does_not_answer_is_not_called_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "30000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    answers = iter([False, False, True])
    with told(tmp_path) as hears:
        began = time.monotonic()
        duty.watch(lambda seconds: next(answers, False))
        assert hears.recv(100) == b"READY=1"
        assert hears.recv(100) == b"WATCHDOG=1"
        assert time.monotonic() - began >= 0.02


def test_without_systemd_nothing_is_handed_over_or_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID"):
        monkeypatch.delenv(name, raising=False)
    assert supervisor.inherited() == []
    assert not supervisor.tell("READY=1")
    assert supervisor.watched_seconds() is None


def test_what_was_handed_to_another_process_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", "1")
    monkeypatch.setenv("WATCHDOG_USEC", "1000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert supervisor.inherited() == []
    assert supervisor.watched_seconds() is None


def test_a_site_of_which_nothing_listens_does_not_answer(tmp_path: Path) -> None:
    assert not processes.site_answers(Site("", 0, "http://kiosk.test", socket=tmp_path / "none"))
