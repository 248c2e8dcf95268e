"""Starting and stopping the demonstration: again, in the way of others, and with things missing."""

from __future__ import annotations

import os
import re
import signal
import socket
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.making import book_recipe, course_recipe, zim_bytes
from tests.whole_path.running import Demonstration, free_port, kiosk


@pytest.fixture
def small(tmp_path: Path) -> Demonstration:
    """A demonstration with one small pack, not started yet."""
    return Demonstration(tmp_path / "run", [course_recipe(tmp_path / "members")])


def test_ctrl_c_ends_every_process(small: Demonstration) -> None:
    small.start()
    processes = small.children()
    assert len(processes) >= 5  # mirror, portal, console, library and its kiwix-serve
    assert small.interrupt() == 130
    assert [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []


def test_a_second_one_in_the_same_folder_is_refused(small: Demonstration) -> None:
    small.start()
    done = kiosk("demo", "--folder", small.folder, "--port", str(free_port()), *small.recipes)
    assert done.returncode == 6
    assert "a demonstration is running there" in done.stderr
    assert small.interrupt() == 130


def test_run_again_it_starts_from_what_is_there(small: Demonstration) -> None:
    first = small.start()
    small.interrupt()
    again = small.start()
    small.interrupt()
    assert "released members 1" in first
    assert "released" not in again
    assert re.search(r"generation 1, fetched \d{1,3} B ", again)  # it asked whether there is news, and no more


def test_a_port_in_use_is_told_with_its_holder(small: Demonstration) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.3", small.port + 2))
        busy.listen()
        done = kiosk("demo", "--folder", small.folder, "--port", str(small.port), *small.recipes)
    assert done.returncode == 7
    assert f"port {small.port + 2} on 127.0.0.3, wanted for the console, can not be used" in done.stderr
    assert f"process {os.getpid()}" in done.stderr
    assert "make run PORT=" in done.stderr
    assert not small.folder.exists()


def test_without_kiwix_serve_all_but_the_books_works(small: Demonstration, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    small.recipes.append(book_recipe(tmp_path / "book", zim_bytes()))
    printed = small.start(PATH=str(tmp_path / "empty"))
    try:
        assert "kiwix-serve is not installed" in printed
        assert "apt-get install kiwix-tools" in printed
        for page, word in (("/", "Courses"), ("/library", "library service"), ("/courses", "Members")):
            with urllib.request.urlopen(small.portal + page, timeout=10) as answer:
                assert word in answer.read().decode()
    finally:
        small.interrupt()


def test_a_site_that_dies_is_told_with_its_last_words(small: Demonstration) -> None:
    small.start()
    small.child("console").send_signal(signal.SIGKILL)
    assert small.wait() == 7
    assert "console ended by itself" in small.printed()


def test_a_recipe_with_a_mistake_publishes_nothing(tmp_path: Path) -> None:
    good, bad = course_recipe(tmp_path / "good"), course_recipe(tmp_path / "bad")
    (bad / "pack.yaml").write_text((bad / "pack.yaml").read_text().replace("licence: CC-BY-SA-4.0\n", ""))
    run = tmp_path / "run"
    done = kiosk("demo", "--folder", run, "--port", str(free_port()), good, bad)
    assert done.returncode == 3
    assert "bad/pack.yaml:1: the key 'licence' is missing" in done.stderr
    assert not list((run / "federation" / "repository").glob("targets/stable/*"))


def test_killed_outright_it_leaves_no_process_and_starts_again(small: Demonstration) -> None:
    small.start()
    processes = small.children()
    small.kill()
    gone, left = psutil.wait_procs(processes, timeout=10)
    assert left == []
    assert len(gone) >= 5
    small.start()
    assert small.interrupt() == 130


def test_the_end_of_the_terminal_ends_every_process(small: Demonstration) -> None:
    small.start()
    processes = small.children()
    assert small.interrupt(signal.SIGHUP) == 130
    assert psutil.wait_procs(processes, timeout=10)[1] == []
