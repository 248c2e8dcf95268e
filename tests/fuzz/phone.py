"""A phone that sends whatever it is told, byte by byte, and keeps cookies as a browser does."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import quote_from_bytes, urlsplit

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.http import parse_cookie
from werkzeug.test import EnvironBuilder, run_wsgi_app

Fields = Sequence[tuple[str, str]]
Files = Sequence[tuple[str, tuple[bytes, str, str]]]
"""Name of the field; bytes, name and type of the file."""
SHOWN = 600


@dataclass
class Sent:
    """A request as it is sent: an address of the site, and the rest."""

    method: str
    address: str
    body: bytes = b""
    kind: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        body = repr(self.body[:SHOWN]) + ("..." if len(self.body) > SHOWN else "")
        return f"{self.method} {self.address[:SHOWN]!r} {self.headers!r} {self.kind!r}\n  {body}"


@dataclass
class Answer:
    """What came back."""

    code: int
    headers: Headers
    body: bytes
    type: str

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


@dataclass
class Phone:
    """A phone at a site of this address, with its cookies."""

    app: Flask
    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, sent: Sent) -> Answer:
        """Send a request and return the whole answer; keep the cookies it sets."""
        headers = Headers([(name, latin(value)) for name, value in sent.headers])
        own = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers["Cookie"] = "; ".join(filter(None, (headers.get("Cookie", ""), own)))
        if sent.kind and "Content-Type" not in headers:
            headers["Content-Type"] = latin(sent.kind)
        asked = EnvironBuilder(
            sent.address, method=sent.method, base_url=self.url, headers=headers, input_stream=BytesIO(sent.body),
            content_length=len(sent.body),
        )  # fmt: skip
        # Without a test client, which stumbles over strange hosts before the site can.
        pieces, status, got = run_wsgi_app(self.app, asked.get_environ())
        with closing(pieces) as body:  # type: ignore[type-var]
            answer = Answer(int(status[:3]), got, b"".join(body), got.get("Content-Type", "").partition(";")[0])
        for line in got.getlist("Set-Cookie"):
            name, _, rest = line.partition("=")
            self.cookies[name] = parse_cookie(line).get(name, "")
            if "Max-Age=0" in rest:
                del self.cookies[name]
        return answer


def latin(text: str) -> str:
    """Return what a header may hold of a text."""
    return "".join(sign if 32 <= ord(sign) < 256 else "?" for sign in text)


def quoted(text: str) -> str:
    """Return a text for an address, or a form; half a surrogate pair is sent as it would be."""
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")


def query(fields: Fields) -> str:
    """Return fields as a query, or the body of a plain form."""
    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in fields)


def multipart(fields: Fields, files: Files) -> tuple[bytes, str]:
    """Return fields and files as the body of a form, and its content type."""
    line = "b" + secrets.token_hex(8)
    parts = [(f'name="{name}"', "", value.encode("utf-8", "surrogatepass")) for name, value in fields]
    for name, (data, called, kind) in files:
        plain = called.replace('"', "%22").replace("\r", "").replace("\n", "")
        parts.append((f'name="{name}"; filename="{plain}"', kind, data))
    body = b""
    for about, kind, data in parts:
        head = f"--{line}\r\nContent-Disposition: form-data; {about}\r\n" + (
            f"Content-Type: {kind}\r\n" if kind else ""
        )
        body += head.encode("utf-8", "surrogatepass") + b"\r\n" + data + b"\r\n"
    return body + f"--{line}--\r\n".encode(), f"multipart/form-data; boundary={line}"


def local(address: str) -> bool:
    """Tell whether an address is one of the site's own."""
    return address.startswith("/") and not address.startswith(("//", "/\\")) and not urlsplit(address).netloc
