"""What a visitor and an operator do in a real browser that is on the hotspot."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.appliance.kiosks import CONSOLE, PORTAL


def enter(page: Page) -> None:
    """Press OK, as the browser that a phone opens by itself."""
    page.goto("http://whatever.example/")
    assert page.url == f"{PORTAL}/welcome"
    page.get_by_role("button", name="OK").click()
    page.get_by_role("link", name="To the first page").click()
    assert page.url == f"{PORTAL}/"
    expect(page.get_by_role("heading", name="Welcome to Kijiji cooperative")).to_be_visible()


def sign_in(page: Page, one_time: str) -> None:
    """Sign in to the console for the first time."""
    page.goto(CONSOLE)
    page.get_by_label("Name").fill("operator")
    page.get_by_label("Password").fill(one_time)
    page.locator("main form button").click()
    for field in ("New password", "The same again"):
        page.get_by_label(field).fill("a field of green beans")
    page.locator("main form button").click()
    expect(page.locator("#wifi")).to_be_visible()


def change_wifi(page: Page, name: str, password: str | None) -> None:
    """Have the console change the Wi-Fi; the phone that asks for it is thrown out."""
    page.goto(f"{CONSOLE}/wifi")
    page.get_by_label("Name of the Wi-Fi").fill(name)
    page.get_by_label("Open to all").set_checked(password is None)
    page.get_by_label("Password", exact=True).fill(password or "")
    page.locator("main form button").click(no_wait_after=True)


def keep_wifi(page: Page) -> None:
    """Say on the new Wi-Fi that it stays."""
    page.goto(f"{CONSOLE}/wifi")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("The new Wi-Fi stays.")).to_be_visible()
