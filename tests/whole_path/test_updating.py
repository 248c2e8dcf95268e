"""A second release arrives; changed bytes are refused by name and what was installed goes on being served."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page

from kiosk.packs import blobs
from tests.making import course_recipe
from tests.whole_path.running import Demonstration, kiosk

PACK = "/courses/members/members/en/members"


@pytest.fixture(scope="module")
def small(demo: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small pack of the tests' own, released as version 1 and synced."""
    folder = tmp_path_factory.mktemp("small")
    release(demo, course_recipe(folder, version=1, text="The first text."))
    done = kiosk("sync", "run", "--config", demo.config)
    assert "new: members 1" in done.stdout, done.stderr
    return folder


def release(demo: Demonstration, recipe: Path) -> dict[str, object]:
    """Build and release a recipe with the commands that a publisher has; return what was built."""
    built = kiosk("pack", "build", recipe, "--out", recipe.parent / "built", "--json")
    assert built.returncode == 0, built.stderr
    (summary,) = json.loads(built.stdout)
    done = kiosk("repo", "release", demo.repository, summary["folder"], "--keys", demo.keys)
    assert done.returncode == 0, done.stderr
    return dict(summary)


def test_a_second_release_appears_after_the_next_sync(demo: Demonstration, small: Path, phone: Page) -> None:
    phone.goto(demo.portal + PACK)
    assert "The first text." in phone.inner_text("main")
    release(demo, course_recipe(small, version=2, text="The second text."))
    planned = kiosk("sync", "plan", "--config", demo.config)
    assert "updated: members 1 -> 2" in planned.stdout
    done = kiosk("sync", "run", "--config", demo.config)
    assert "updated: members 1 -> 2" in done.stdout, done.stderr
    phone.reload()
    assert "The second text." in phone.inner_text("main")
    assert "nothing new" in kiosk("sync", "run", "--config", demo.config).stdout


def test_changed_bytes_are_refused_by_name_and_the_old_content_stays(
    demo: Demonstration, small: Path, phone: Page
) -> None:
    phone.goto(demo.portal + PACK)
    before = phone.inner_text("main")
    release(demo, course_recipe(small, version=3, text="The third text."))
    blob = demo.newest_head("members").patches[0].blobs[0].sha256
    published = demo.repository / blobs.location(blob)
    data = published.read_bytes()
    published.chmod(0o644)
    published.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])
    done = kiosk("sync", "run", "--config", demo.config)
    assert done.returncode == 4
    assert f"{blobs.location(blob)}: its bytes are not those that were signed" in done.stderr
    assert "what to do:" in done.stderr
    verified = kiosk("repo", "verify", demo.repository)
    assert verified.returncode == 4
    assert blob in verified.stdout
    phone.reload()
    assert phone.inner_text("main") == before
    published.write_bytes(data)
    assert kiosk("sync", "run", "--config", demo.config).returncode == 0
    phone.reload()
    assert "The third text." in phone.inner_text("main")


def shelf(demo: Demonstration) -> set[str]:
    """Return the titles that kiwix-serve itself offers."""
    with urllib.request.urlopen(demo.library + "/catalog/v2/entries?count=-1", timeout=10) as answer:
        return set(re.findall(r"<title>(.*?)</title>", answer.read().decode()))


def test_kiwix_serve_is_told_of_a_new_shelf_without_a_restart(demo: Demonstration) -> None:
    server = demo.child("--library")
    assert any("Handbook" in title for title in shelf(demo))
    try:
        assert kiosk("repo", "withdraw", demo.repository, "farming-handbook", "--keys", demo.keys).returncode == 0
        assert "withdrawn: farming-handbook" in kiosk("sync", "run", "--config", demo.config).stdout
        until = time.monotonic() + 20
        while any("Handbook" in title for title in shelf(demo)):
            assert time.monotonic() < until, "kiwix-serve still offers a book that was withdrawn"
            time.sleep(0.2)
        assert server.is_running()
    finally:
        built = next(path for path in (demo.folder / "federation" / "built").glob("farming-handbook-*"))
        assert kiosk("repo", "release", demo.repository, built, "--keys", demo.keys).returncode == 0
        assert kiosk("sync", "run", "--config", demo.config).returncode == 0
