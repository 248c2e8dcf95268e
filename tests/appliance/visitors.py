"""Who uses a kiosk while its power goes, and who looks afterwards what is there: runs on the kiosk, alone.

Needs nothing but Python. `write SECONDS PASSWORD FOLDER` is phones that write to the board (the photos are in FOLDER)
and an operator who adds papers; what each is about to send is printed first (`sends`), and what the kiosk answered is
kept after (`kept`), one JSON document a line. `look` reads what to ask for, and prints what was answered.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import re
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

PORTAL, CONSOLE = "kiosk.lan", "console.kiosk.lan"
PHONES = 3
THREAD_POSTS = 6
PIECE = 2_000_000
SIZES = (30_000, 2 * PIECE + 300_000, 400_000)
BOUNDARY = "--------what-a-form-brings"
OPERATOR = "night-watch"
CHOSEN = "a long password for the night"
Answer = tuple[int, str, bytes]
_printing = threading.Lock()


def tell(**said: object) -> None:
    """Print a line, whole."""
    with _printing:
        print(json.dumps(said), flush=True)


class Browser:
    """One browser with its cookies, at the portal or the console."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.cookies: dict[str, str] = {}
        self._open()

    def _open(self) -> None:
        if self.host == PORTAL:
            self.line: http.client.HTTPConnection = http.client.HTTPConnection("127.0.0.1", 80, timeout=120)
        else:
            unchecked = ssl._create_unverified_context()  # its certificate is its own
            self.line = http.client.HTTPSConnection("127.0.0.1", 443, timeout=120, context=unchecked)

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "", token: str = "") -> Answer:
        """Return status, where it leads, and body."""
        headers = {"Host": self.host, "Referer": f"https://{self.host}/", "Accept-Language": "en"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers |= {"Content-Type": kind} if kind else {}
        headers |= {"X-CSRFToken": token} if token else {}
        if method == "GET":
            self.line.close()  # only what is not sent twice may fail for a line that was idle
        self.line.request(method, path, body, headers)
        answer = self.line.getresponse()
        data = answer.read()
        for each in answer.headers.get_all("Set-Cookie", []):
            name, _, value = each.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers.get("Location", ""), data

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return self.ask("GET", path)

    def form(self, path: str) -> dict[str, str]:
        """Return the hidden fields of the forms of a page."""
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', self.get(path)[2].decode())
        return dict(found)

    def post(self, path: str, fields: dict[str, str], *files: tuple[str, str, bytes]) -> Answer:
        """Send a form; `files` are field, name and bytes."""
        if not files:
            return self.ask("POST", path, urlencode(fields).encode(), "application/x-www-form-urlencoded")
        parts = b""
        for name, value in fields.items():
            parts += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for field, name, data in files:
            head = f'Content-Disposition: form-data; name="{field}"; filename="{name}"'
            parts += f"--{BOUNDARY}\r\n{head}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()
            parts += data + b"\r\n"
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return self.ask("POST", path, parts + f"--{BOUNDARY}--\r\n".encode(), kind)


def text_of(chance: random.Random, key: str) -> str:
    """Return a message that tells whether all of it is there."""
    words = " ".join(chance.choice(("maize", "beans", "goat", "rain", "loan", "price")) for _ in range(60))
    return f"begin-{key} {words} end-{key}"


class Phone:
    """Someone with a phone: opens talks, answers, sends photos, changes and removes messages."""

    def __init__(self, name: str, photos: list[Path], seed: int) -> None:
        self.name, self.photos, self.chance = name, photos, random.Random(seed)
        self.browser = Browser(PORTAL)
        self.number, self.thread, self.written = 0, "", 0

    def write(self) -> None:
        """Write one message, and do with it what people do."""
        self.number += 1
        key = f"{self.name}-{self.number}"
        text, photo = text_of(self.chance, key), self.photos[self.number % len(self.photos)]
        opens = not self.thread or self.written >= THREAD_POSTS
        path = "/board/new" if opens else self.thread
        fields = self.browser.form(path) | {"author": self.name, "body": text}
        if opens:
            fields["title"] = f"Talk {key}"
        files = [("photo", photo.name, photo.read_bytes())] if self.number % 3 == 0 else []
        tell(does="sends", key=key, state=text, photos=len(files))
        answer = self.browser.post(path, fields, *files)
        told(answer, 303, key, text)
        if answer[0] == 303:
            self.written = 1 if opens else self.written + 1
            self.thread = urlsplit(answer[1]).path
            tell(does="seen", key=key, path=self.thread, sha256="")
            self._look(key, carries=bool(files))

    def _look(self, key: str, *, carries: bool) -> None:
        page = self.browser.get(self.thread)[2].decode()
        post = re.findall(r'<article class="post" id="post-(\d+)">', page)[-1]
        if carries:
            for photo in re.findall(r'"(/board/photo/\w+(?:/small)?)"', page.split(f'id="post-{post}"')[1]):
                tell(does="seen", key=key, path=photo, sha256=hashlib.sha256(self.browser.get(photo)[2]).hexdigest())
        address = f"/board/post/{post}"
        if self.number % 5 == 0:
            changed = text_of(self.chance, f"{key}-changed")
            fields = self.browser.form(f"{address}/change") | {"author": self.name, "body": changed}
            tell(does="sends", key=key, state=changed)
            told(self.browser.post(f"{address}/change", fields), 303, key, changed)
        elif self.number % 7 == 0:
            fields = self.browser.form(f"{address}/change") | {"remove": "post"}
            tell(does="sends", key=key, state="")
            told(self.browser.post(f"{address}/remove", fields), 303, key, "")
            self.thread = self.thread if self.written > 1 else ""  # a talk goes with its first message


class Operator:
    """An operator at the console, who adds papers: piece by piece, and by the plain form."""

    def __init__(self, password: str) -> None:
        self.browser = Browser(CONSOLE)
        self.number = 0
        fields = self.browser.form("/login") | {"name": OPERATOR, "password": password}
        status, _, page = self.browser.post("/login", fields)
        assert status == 303, (status, page.decode()[-4000:])

    def choose_password(self) -> None:
        """Choose the password that who looks afterwards signs in with."""
        fields = self.browser.form("/password") | {"password": CHOSEN, "again": CHOSEN}
        status, _, page = self.browser.post("/password", fields)
        assert status == 303, (status, page.decode()[-4000:])

    def begin(self, key: str, digest: str, size: int) -> dict[str, int]:
        """Begin to send a file that is told by its digest and size, or go on; return which it is and what is here."""
        fields = self._fields(key) | {"digest": digest, "size": str(size), "name": f"{key}.txt"}
        status, _, answer = self.browser.post("/uploads", fields)
        assert status == 200, (status, answer)
        return dict(json.loads(answer))

    def _fields(self, key: str) -> dict[str, str]:
        return self.browser.form("/documents") | {
            "title": f"Paper {key}", "category": "reports", "language": "en", "who": "all", "paper": ""
        }  # fmt: skip

    def add(self) -> None:
        """Add one paper."""
        self.number += 1
        key, size = f"paper-{self.number}", SIZES[self.number % len(SIZES)]
        line = (text_of(random.Random(self.number), key) + "\n").encode()
        data = (line * (size // len(line) + 1))[:size]
        sha256 = hashlib.sha256(data).hexdigest()
        if self.number % 3 == 0:
            tell(does="sends", key=key, state=sha256)
            answer = self.browser.post("/uploads/plain", self._fields(key), ("file", f"{key}.txt", data))
            told(answer, 303, key, sha256)
            return
        number, token = self._pieces(key, data), self.browser.form("/documents")["csrf_token"]
        tell(does="sends", key=key, state=sha256)
        told(self.browser.post(f"/uploads/{number}/finish", {"csrf_token": token}), 200, key, sha256)

    def _pieces(self, key: str, data: bytes) -> int:
        pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
        digest = hashlib.sha256(b"".join(hashlib.sha256(piece).digest() for piece in pieces)).hexdigest()
        begun, token = self.begin(key, digest, len(data)), self.browser.form("/documents")["csrf_token"]
        for number, piece in enumerate(pieces):
            path = f"/uploads/{begun['upload']}?at={number * PIECE}"
            status, _, answer = self.browser.ask("PATCH", path, piece, "application/octet-stream", token)
            assert status == 200, (status, answer)
            tell(does="here", key=key, here=json.loads(answer)["here"], digest=digest, size=len(data))
        return begun["upload"]

    def papers(self) -> dict[str, str]:
        """Return the title of each paper, and the hash of its bytes; phones get the same, or that is told instead."""
        page, portal = self.browser.get("/documents")[2].decode(), Browser(PORTAL)
        found = {}
        for number in set(re.findall(r'"/documents/(\d+)"', page)):
            title = re.findall(r"<h1[^>]*>\s*([^<]*?)\s*</h1>", self.browser.get(f"/documents/{number}")[2].decode())[0]
            here, there = (each.get(f"/documents/{number}/1")[2] for each in (self.browser, portal))
            found[title] = hashlib.sha256(here).hexdigest() if here == there else "phones get something else"
        return found


def told(answer: Answer, good: int, key: str, state: str) -> None:
    """Print what a kiosk answered to what was sent; only one answer says that it is kept."""
    status, _, page = answer
    if status == good:
        tell(does="kept", key=key, state=state)
    else:
        tell(does="failed", key=key, state=state, status=status, page=page.decode(errors="replace")[-4000:])


def write(seconds: float, password: str, folder: Path) -> None:
    """Be phones and an operator for so long, or until the power goes."""
    operator = Operator(password)
    operator.choose_password()
    tell(does="begun")
    photos = sorted(folder.iterdir())
    phones = [Phone(f"phone{number}", photos, number) for number in range(PHONES)]
    end = time.monotonic() + seconds

    def go_on(act: Callable[[], None]) -> None:
        try:
            while time.monotonic() < end:
                act()
        except Exception as error:  # noqa: BLE001 - whoever reads must hear of it, whichever thread it was
            tell(does="failed", key="", state="", status=0, page=repr(error))

    threads = [threading.Thread(target=go_on, args=(act,)) for act in (operator.add, *(each.write for each in phones))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def look(asked: dict[str, Any]) -> dict[str, Any]:
    """Ask the portal for pages, and the console for its papers and for what waits for its rest."""
    browser, pages = Browser(PORTAL), {}
    for path in asked["pages"]:
        status, _, body = browser.get(path)
        is_text = not body.startswith(b"\xff\xd8")
        pages[path] = [status, hashlib.sha256(body).hexdigest(), body.decode(errors="replace") if is_text else ""]
    operator = Operator(CHOSEN)
    papers = operator.papers()
    here = {key: operator.begin(key, digest, size)["here"] for key, digest, size in asked["uploads"]}
    return {"pages": pages, "papers": papers, "here": here}


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(float(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    else:
        print(json.dumps(look(json.load(sys.stdin))))
