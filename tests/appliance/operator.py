"""A phone on the hotspot of a kiosk: what villagers get there, and the console's lights for an operator.

Owns: the phone's address, and curl as its browser, with a jar of cookies. The hotspot is a cable (`network.py`); names
are answered by the phone itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

from tests.appliance.container import Container
from tests.appliance.kiosks import CONSOLE, LIBRARY, OWN, PORTAL, PUBLIC
from tests.appliance.running import Place, run, until

CHOSEN = "a field of green beans"
NAME = "operator"
KIOSK = "/usr/local/bin/kiosk"


class Phone:
    """A phone that has joined.

    Args:
        kiosk: the kiosk.
        ask: runs curl where the phone is.
        jar: a file there for its cookies.
        public: where villagers' names lead.
    """

    def __init__(self, kiosk: Place, ask: Callable[..., str], jar: str, public: str = PUBLIC) -> None:
        self._kiosk, self._ask, self._jar = kiosk, ask, jar
        self._names = (f"kiosk.lan:80:{public}", f"books.lan:80:{public}", f"console.kiosk.lan:443:{OWN}")

    def get(self, url: str, *more: str) -> tuple[int, str]:
        """Return the status and the text of a page; 0 and "" where nobody answers."""
        resolve = [word for name in self._names for word in ("--resolve", name)]
        jar = ["-b", self._jar, "-c", self._jar]
        how = ["-s", "-k", "-L", "--noproxy", "*", "--max-time", "60", "-w", "\n%{http_code}", *jar, *resolve, *more]
        text, _, code = self._ask("curl", *how, url, check=False, seconds=90).rpartition("\n")
        return int(code or 0), text

    def portal(self, path: str = "/") -> tuple[int, str]:
        """Return a page of the portal."""
        return self.get(PORTAL + path)

    def library(self, path: str = "/") -> tuple[int, str]:
        """Return a page of the library."""
        return self.get(LIBRARY + path)

    def sign_in(self) -> None:
        """Sign in to the console with a new one-time password, and choose another."""
        told = self._kiosk.run(KIOSK, "operator", "reset", NAME)
        (password,) = re.findall(r"\b[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}\b", told)
        self.send("/login", name=NAME, password=password)
        code, text = self.send("/password", password=CHOSEN, again=CHOSEN)
        assert (code, 'id="database"' in text) == (200, True), text[:3000]

    def send(self, path: str, page: str = "", **fields: str) -> tuple[int, str]:
        """Send the form of a page of the console."""
        _, text = self.get(f"{CONSOLE}{page or path}")
        found = re.search(r'name="csrf_token" value="([^"]+)"', text)
        fields["csrf_token"] = found[1] if found else ""
        words = [word for name, value in fields.items() for word in ("--data-urlencode", f"{name}={value}")]
        origin = ["-H", f"Origin: {CONSOLE}", "-e", f"{CONSOLE}{page or path}"]
        return self.get(f"{CONSOLE}{path}", *words, *origin)

    def lights(self) -> dict[str, str]:
        """Return what the console's start page says, by the names of its lights."""
        code, text = self.get(f"{CONSOLE}/")
        assert code == 200, text
        rows = re.findall(r'<li class="row" id="(\w+)">(.*?)</li>', text, re.DOTALL)
        assert rows, text[:3000]
        return {key: plain(row) for key, row in rows}

    def reads_on(self) -> None:
        """Have a villager's pages: the first one, a lesson's course, and a book."""
        until(lambda: self.portal()[0] == 200, "the portal's first page", 60)
        until(lambda: self.portal("/courses")[0] == 200, "the courses", 60)
        until(lambda: self.library()[0] == 200, "the library", 60)


def on_the_hotspot(kiosk: Container, folder: Path) -> Phone:
    """Return a phone on the hotspot's cable of a kiosk in a container; again after each start of it."""
    kiosk.run("ip", "address", "replace", f"{OWN}/24", "dev", "wlan0")
    kiosk.run("ip", "link", "set", "wlan0", "up")
    place = kiosk.network.phone
    run("ip", "-n", place, "address", "replace", "10.77.0.9/24", "dev", "hotspot")
    run("ip", "-n", place, "route", "replace", "default", "via", OWN)
    return Phone(kiosk, kiosk.phone, str(folder / "cookies"))


def inside(kiosk: Place) -> Phone:
    """Return a phone that is the kiosk itself, where there is no hotspot."""
    kiosk.run("ip", "address", "replace", f"{OWN}/24", "dev", "lo")
    return Phone(kiosk, kiosk.run, "/run/rig-cookies", "127.0.0.1")


def plain(page: str) -> str:
    """Return the words of a page."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", page))
    return " ".join(re.sub("[\u2066-\u2069\u200e\u200f]", "", text).split())
