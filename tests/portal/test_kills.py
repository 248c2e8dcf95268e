"""A portal with several phones at once, and one that is killed outright in the middle of things: what it said is kept
is kept, once, and nothing is half there.
"""

from __future__ import annotations

import http.client
import io
import re
import signal
import threading
from contextlib import closing
from pathlib import Path

from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from kiosk.config import Config
from kiosk.store import attachments, db, threads
from kiosk.store.state import State
from tests.portal.serving import Served, serving
from tests.portal.test_attachments import picture


class Phone:
    """A browser with a cookie, as bare as can be."""

    def __init__(self, served: Served, number: int) -> None:
        self.served, self.source = served, f"127.0.1.{number + 1}"
        self.cookie = ""

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, str, str]:
        line = http.client.HTTPConnection("127.0.0.1", self.served.port, 60, (self.source, 0))
        with closing(line):
            headers = {"Host": "kiosk.test", "Cookie": self.cookie} | ({"Content-Type": kind} if kind else {})
            line.request(method, path, body, headers)
            answer = line.getresponse()
            self.cookie = (answer.headers.get("Set-Cookie") or self.cookie).partition(";")[0]
            return answer.status, answer.headers.get("Location", ""), answer.read().decode()

    def form(self) -> dict[str, str]:
        """Return a form to open a thread, filled in."""
        hidden = dict(re.findall(r'name="(csrf_token|send)" value="([^"]+)"', self.ask("GET", "/board/new")[2]))
        return {**hidden, "title": "Maize", "author": "Asha", "body": "Ten bags"}

    def write(self, photo: bytes, fields: dict[str, str]) -> str:
        """Send the form with a photo and return the address of the thread."""
        boundary, body = encode_multipart({**fields, "photo": FileStorage(io.BytesIO(photo), "a.jpg")})
        status, location, _ = self.ask("POST", "/board/new", body, f"multipart/form-data; boundary={boundary}")
        assert status == 303
        return location


def test_what_was_said_to_be_on_the_board_survives_a_kill(config: Config, tmp_path: Path) -> None:
    told: list[int] = []
    photo = picture()

    def writes(phone: Phone) -> None:
        try:
            while True:
                told.append(int(phone.write(photo, phone.form()).rpartition("/")[2]))
        except (OSError, http.client.HTTPException, AssertionError):
            return

    with serving(config, tmp_path) as served:
        phones = [threading.Thread(target=writes, args=(Phone(served, number),)) for number in range(4)]
        for each in phones:
            each.start()
        while len(told) < 8 and any(each.is_alive() for each in phones):
            phones[0].join(0.05)
        served.process.send_signal(signal.SIGKILL)
        for each in phones:
            each.join(60)
    assert len(told) >= 8
    state = State(config.state)
    (state.attachments / "0123456789abcdef.jpg").write_bytes(b"as a cut leaves it")
    with serving(config, tmp_path) as served:
        assert f">{'Maize'}<" in Phone(served, 9).ask("GET", f"/board/{told[-1]}")[2].replace('dir="auto"', "")
    with closing(db.connect(state.database)) as conn:
        for thread in told:
            (post,) = threads.posts(conn, thread)
            assert post.body == "Ten bags"
        rows = attachments.of_posts(conn, range(1, 1000))
        assert set(rows) >= set(told), "each post has what it carried"
        files = {each.name.partition(".")[0] for each in state.attachments.iterdir()}
        assert files == {each.name for carried in rows.values() for each in carried}
        for name in files:
            for ending in attachments.ENDINGS["photo"]:
                assert attachments.path(state, name, ending).read_bytes().endswith(b"\xff\xd9")


def test_taps_at_the_same_moment_make_one_post(config: Config, tmp_path: Path) -> None:
    photo, found = picture(), []
    with serving(config, tmp_path) as served:
        first = Phone(served, 1)
        form = first.form()

        def taps() -> None:
            phone = Phone(served, 1)
            phone.cookie = first.cookie
            found.append(phone.write(photo, form))

        taps_at_once = [threading.Thread(target=taps) for _ in range(4)]
        for each in taps_at_once:
            each.start()
        for each in taps_at_once:
            each.join(120)
    assert found == ["/board/1"] * 4
    with closing(db.connect(State(config.state).database)) as conn:
        assert conn.execute("SELECT count(*) FROM posts").fetchone()[0] == 1
    assert len(list(State(config.state).attachments.iterdir())) == 2
