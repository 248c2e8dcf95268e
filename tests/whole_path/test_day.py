"""A day of an operator, in a real browser at a real console: from the first password to a kiosk restored anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.papers import pdf
from tests.whole_path.running import copy_recipes
from tests.whole_path.telecenter import Telecenter

PACKS = ("running-a-cooperative", "federation-notices", "model-papers")
OWN = "a field of green beans"
SOON = 60_000
"""Milliseconds: how long something that goes on by itself may take on a busy machine."""


@pytest.fixture
def telecenter(tmp_path: Path) -> Iterator[Telecenter]:
    (tmp_path / "recipes").mkdir()
    with Telecenter(tmp_path, list(copy_recipes(tmp_path / "recipes", PACKS).values())) as running:
        yield running


@pytest.fixture
def laptop(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", accept_downloads=True)
    yield context.new_page()
    context.close()


@pytest.fixture
def villager(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
    yield context.new_page()
    context.close()


def test_a_day_at_the_telecenter(telecenter: Telecenter, laptop: Page, villager: Page, tmp_path: Path) -> None:
    sign_in_first(laptop, telecenter, telecenter.deliver("Umoja"))
    sync(laptop, telecenter)
    add_a_paper_in_two_versions(laptop, telecenter, tmp_path)
    write_to_the_board(villager, telecenter)
    hide_the_post(laptop, telecenter, villager)
    print_cards(laptop, telecenter)
    read_the_report(laptop, telecenter)
    key, backup = back_up(laptop, telecenter, tmp_path)

    telecenter.wipe()
    sign_in_first(laptop, telecenter, telecenter.deliver("A new kiosk"))
    assert "Zawadi" not in text(laptop, telecenter, "/members")
    restore(laptop, telecenter, key, backup)

    sync(laptop, telecenter)
    assert "Zawadi" in text(laptop, telecenter, "/members")
    laptop.goto(telecenter.console + "/documents")
    laptop.get_by_role("link", name="Price list").click()
    assert {"Version 1", "Version 2"} <= set(laptop.locator(".facts > span").all_inner_texts())
    acts = text(laptop, telecenter, "/board/acts")
    assert "Cheap phones, call me" in acts
    assert "It asks for money" in acts
    villager.goto(telecenter.portal + "/board")
    assert "Cheap phones" not in villager.inner_text("main")
    assert "Goats for sale" in villager.inner_text("main")
    villager.goto(telecenter.portal + "/documents")
    assert "Price list" in villager.inner_text("main")


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("main").get_by_role("button", name=name).first.click()


def text(page: Page, telecenter: Telecenter, path: str) -> str:
    page.goto(telecenter.console + path)
    return page.inner_text("main")


def sign_in(page: Page, telecenter: Telecenter, password: str) -> None:
    page.goto(telecenter.console + "/login")
    page.get_by_label("Name").fill("grace")
    page.get_by_label("Password").fill(password)
    press(page, "Sign in")


def sign_in_first(page: Page, telecenter: Telecenter, password: str) -> None:
    sign_in(page, telecenter, password)
    page.goto(telecenter.console + "/members")
    assert page.url.endswith("/password"), "the one-time password opens nothing but the choice of another"
    for field in page.locator("main input[type=password]").all():
        field.fill(OWN)
    page.locator("main form button").click()
    expect(page.get_by_role("main")).to_contain_text("May I unplug now?")


def sync(page: Page, telecenter: Telecenter) -> None:
    page.goto(telecenter.console + "/content")
    press(page, "Ask the channels now")
    page.get_by_role("link", name="See content").last.click(timeout=SOON)
    cost = page.locator("dl.cost")
    for word in ("To fetch", "Time", "Room needed"):
        expect(cost).to_contain_text(word)
    offered = page.locator(".brings li")
    assert offered.count() == len(PACKS)
    assert all(re.search(r"\d[\d.,]*\s(KB|MB)", each) for each in offered.all_inner_texts()), offered.all_inner_texts()
    press(page, re.compile("^Agree and fetch"))
    progress = page.get_by_role("main")
    expect(progress).to_contain_text("Finished: verified and visible", timeout=SOON)
    assert progress.inner_text().count(": version 1") == len(PACKS)


def add_a_paper_in_two_versions(page: Page, telecenter: Telecenter, folder: Path) -> None:
    for version, words in enumerate(("Prices of March", "Prices of April"), 1):
        path = folder / f"prices-{version}.pdf"
        path.write_bytes(pdf(text=words))
        if version == 1:
            page.goto(telecenter.console + "/documents")
        page.locator("#f-file").set_input_files(path)
        page.get_by_label("Title", exact=True).fill("Price list")
        page.locator("#upload button[type=submit]").click()
        page.wait_for_url("**/documents/1", timeout=SOON)
        expect(page.get_by_role("main")).to_contain_text(f"Version {version}", timeout=SOON)
    assert {"Version 1", "Version 2"} <= set(page.locator(".facts > span").all_inner_texts())


def write_to_the_board(page: Page, telecenter: Telecenter) -> None:
    for title, words in (("Goats for sale", "Two, healthy."), ("Cheap phones, call me", "Send money first.")):
        page.goto(telecenter.portal + "/board/new")
        page.get_by_label("What is it about?").fill(title)
        page.get_by_label("Your name").fill("Otieno")
        page.locator("textarea").fill(words)
        page.locator("main form button[type=submit]").last.click()
        assert title in page.inner_text("main")


def hide_the_post(page: Page, telecenter: Telecenter, villager: Page) -> None:
    page.goto(telecenter.console + "/board")
    page.get_by_role("link", name="Cheap phones, call me").first.click()
    page.get_by_text("Hide or show").first.click()
    page.get_by_label("Reason").first.fill("It asks for money")
    press(page, "Hide it")
    expect(page.get_by_role("main")).to_contain_text("It is hidden.")
    villager.goto(telecenter.portal + "/board")
    assert "Cheap phones" not in villager.inner_text("main")


def print_cards(page: Page, telecenter: Telecenter) -> None:
    for name in ("Zawadi Achieng", "Baraka Otieno"):
        page.goto(telecenter.console + "/members")
        page.get_by_label("Name", exact=True).fill(name)
        page.locator("section[aria-labelledby=add] button").click()
        assert name in page.inner_text("main")
    page.goto(telecenter.console + "/members")
    with page.expect_download() as got:
        press(page, "Cards to print (PDF)")
    assert got.value.path().read_bytes().startswith(b"%PDF-")
    press(page, "Cards to print")
    sheet = page.get_by_role("main").inner_html()
    assert "Zawadi" in sheet
    assert "Baraka" in sheet


def read_the_report(page: Page, telecenter: Telecenter) -> None:
    page.goto(telecenter.console + "/reports")
    expect(page.locator("main svg").first).to_be_visible()
    assert "Visits" in page.inner_text("main")


def back_up(page: Page, telecenter: Telecenter, folder: Path) -> tuple[str, Path]:
    page.goto(telecenter.console + "/backup")
    press(page, "Make the recovery key")
    key = page.locator(".recovery-whole code").text_content() or ""
    page.get_by_role("link", name="I have written it down").click()
    press(page, "Make a backup now")
    expect(page.get_by_role("heading", name="On the card")).to_be_visible(timeout=SOON)
    with page.expect_download() as got:
        press(page, "Download")
    backup = folder / "backup.age"
    got.value.save_as(backup)
    assert backup.read_bytes().startswith(b"age-encryption.org/v1")
    return key, backup


def restore(page: Page, telecenter: Telecenter, key: str, backup: Path) -> None:
    page.goto(telecenter.console + "/backup")
    page.get_by_role("link", name="Restore a backup").click()
    page.locator("#f-file").set_input_files(backup)
    page.get_by_label("Recovery key").fill(key)
    press(page, "See what is in it")
    expect(page.get_by_role("main")).to_contain_text("Umoja")
    press(page, "Restore it")
    page.wait_for_url("**/login", timeout=SOON)
    expect(page.get_by_role("main")).to_contain_text("was restored")
    sign_in(page, telecenter, OWN)
    expect(page.get_by_role("main")).to_contain_text("May I unplug now?")
