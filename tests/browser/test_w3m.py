"""Every page is read and every form is sent with w3m, which knows neither style nor script."""

from __future__ import annotations

import re
import subprocess
import urllib.request
from pathlib import Path

from tests.browser.conftest import Portal
from tests.browser.w3m import W3m, stops
from tests.portal.crawl import Form, fit

TYPED = ("text", "search", "tel", "number", "email", "url", "password", "date")


def read(url: str, home: Path) -> str:
    command = ["w3m", "-dump", "-cols", "100", "-O", "UTF-8", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, env={"HOME": str(home)})
    return " ".join(done.stdout.split())


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_every_page_can_be_read(portal: Portal, tmp_path: Path) -> None:
    assert len(portal.pages) > 12
    for page in portal.pages:
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)
        assert heading, page.address
        text = read(portal.url + page.address, tmp_path)
        for word in words(heading[1]).replace("&#39;", "'").split():
            assert word in text, page.address


def send(portal: Portal, form: Form, home: Path) -> None:
    url = portal.url + form.page
    html = urllib.request.urlopen(url, timeout=30).read().decode()
    found = stops(html)
    numbers = [n for n, (tag, values) in enumerate(found, 1) if values["form"] == str(form.number) and tag != "a"]
    with W3m(url, home, "Healthy and young") as browser:
        for number in numbers:
            tag, values = found[number - 1]
            if tag == "textarea":
                browser.go_to(number)
                browser.press("\r")
            elif tag == "input" and values.get("type", "text") in TYPED and not values.get("value"):
                browser.go_to(number)
                browser.press("\r")
                browser.press(f"{fit(values.get('type', 'text'))}\r")
        button = next(n for n in numbers if found[n - 1][0] == "button" or found[n - 1][1].get("type") == "submit")
        browser.go_to(button)
        browser.press("\r")


def test_every_form_can_be_sent(portal: Portal, tmp_path: Path) -> None:
    forms = portal.forms()
    assert len(forms) >= 4
    for number, form in enumerate(forms):
        home = tmp_path / str(number)
        home.mkdir()
        send(portal, form, home)
        answers = portal.noting.answers(form)
        assert answers, (form, portal.noting.asked[-3:])
        assert answers[-1].status in (200, 303, 302, 401, 403, 409, 422, 429), (form, answers[-1])
