"""w3m, driven through a terminal as a person does: to the n-th link or field, and Enter."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from html.parser import HTMLParser
from pathlib import Path
from types import TracebackType

ROWS, COLUMNS = 200, 100
STILL_SECONDS = 0.4
"""The screen is drawn when nothing has come for so long."""
OPTIONS = ("use_cookie=1", "accept_cookie=1", "confirm_qq=0", "accept_language=en", "graphic_char=0")


class _Stops(HTMLParser):
    """The links and fields of a page in their order, as w3m counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.forms = -1

    def handle_starttag(self, tag: str, pairs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in pairs}
        self.forms += tag == "form"
        # Hidden fields are counted too.
        if tag in ("textarea", "select", "button", "input") or (tag == "a" and "href" in values):
            self.found.append((tag, {**values, "form": str(self.forms)}))


def stops(html: str) -> list[tuple[str, dict[str, str]]]:
    """Return each link and field: its tag, and its attributes with the number of the form that began last."""
    reader = _Stops()
    reader.feed(html)
    return reader.found


class W3m:
    """One w3m on one page."""

    def __init__(self, url: str, home: Path, typed: str) -> None:
        """Open a page.

        Args:
            url: of the page.
            home: a folder for its cookies.
            typed: what its editor writes when a text of several lines is asked for.
        """
        editor = home / "editor"
        editor.write_text(f"#!/bin/sh\necho '{typed}' >\"$1\"\n")
        editor.chmod(0o755)
        options = [word for option in (*OPTIONS, f"editor={editor} %s") for word in ("-o", option)]
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._terminal = leader
        self._process = subprocess.Popen(
            ["w3m", *options, url], stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
            env=os.environ | {"HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8"},
        )  # fmt: skip
        os.close(follower)
        self.screen = self.read()

    def read(self) -> str:
        """Return what it draws, until it draws no more."""
        data = b""
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            ready, _, _ = select.select([self._terminal], [], [], STILL_SECONDS)
            if not ready and data:
                break
            if ready:
                try:
                    data += os.read(self._terminal, 65536)
                except OSError:  # it has ended
                    break
        return data.decode("utf-8", "replace")

    def press(self, keys: str) -> str:
        """Press keys and return what is drawn then."""
        os.write(self._terminal, keys.encode())
        self.screen = self.read()
        return self.screen

    def go_to(self, number: int) -> None:
        """Go to a link or field, the first being 1."""
        self.press(f"{number}[")

    def __enter__(self) -> W3m:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(30)
        os.close(self._terminal)
