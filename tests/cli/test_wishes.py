"""`kiosk wishes` takes what was written on the card, and says beside it what it can not take."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import yaml

from kiosk.host import wifi
from kiosk.host.wifi import Network
from tests.cli.commands import configure, run


def test_wishes_are_taken_or_it_is_said_why_not(tmp_path: Path) -> None:
    config = configure(tmp_path / "kiosk.yaml", tmp_path / "state", tmp_path / "root.json")
    hotspot, file, problem = tmp_path / "hostapd.conf", tmp_path / "kiosk.txt", tmp_path / "kiosk-problem.txt"
    hotspot.write_text(wifi.rewritten("interface=wlan0\n", Network("Kijiji", "maize and beans", 6)))
    words = ("wishes", "--config", config, "--file", file, "--hotspot", hotspot, "--taken", tmp_path / "taken",
             "--problem", problem)  # fmt: skip
    before = config.read_text()
    assert run(*words).returncode == 0, "no file is no fault"
    file.write_text("name: Umoja\nwifi password: short\n")
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert "Line 2: write 8 to 63 plain letters" in problem.read_text()
    assert "short" not in done.stdout + done.stderr + problem.read_text(), "the journal is no place for a password"
    assert (config.read_text(), wifi.described(hotspot.read_text()).password) == (before, "maize and beans")
    file.write_text("name: Umoja\nwifi password: long enough\n")
    assert run(*words).returncode == 0
    assert not problem.exists()
    assert yaml.safe_load(config.read_text())["name"] == "Umoja"
    assert wifi.described(hotspot.read_text()) == Network("Kijiji", "long enough", 6)


def test_a_file_that_is_not_there_ends_it_with_a_sentence(tmp_path: Path) -> None:
    config = configure(tmp_path / "kiosk.yaml", tmp_path / "state", tmp_path / "root.json")
    (tmp_path / "kiosk.txt").write_text("wifi name: Soko\n")
    done = run("wishes", "--config", config, "--file", tmp_path / "kiosk.txt", "--hotspot", tmp_path / "none",
               "--taken", tmp_path / "taken", "--problem", tmp_path / "problem")  # fmt: skip
    assert done.returncode == 7
    assert "No such file" in done.stderr


def test_a_film_under_that_name_fills_no_memory(tmp_path: Path) -> None:
    config = configure(tmp_path / "kiosk.yaml", tmp_path / "state", tmp_path / "root.json")
    with (tmp_path / "kiosk.txt").open("wb") as film:
        film.truncate(64 << 20)
    tracemalloc.start()
    done = run("wishes", "--config", config, "--file", tmp_path / "kiosk.txt", "--hotspot", tmp_path / "none",
               "--taken", tmp_path / "taken", "--problem", tmp_path / "problem")  # fmt: skip
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert done.returncode == 0, done.stderr
    assert "longer than 16 KB" in (tmp_path / "problem").read_text()
    assert most < 16 << 20
