"""From kiwix-serve to a phone: files as they are, pages of books under the bar.

Owns: the headers of what a book holds. True always: nothing is held but the beginning of a page or a piece of a film;
what a phone has already is not sent again; a book's page loads nothing from elsewhere, sends nothing elsewhere, and is
framed by nobody else.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote

from flask import Response, redirect, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from kiosk.portal.kiwix import CONTENT
from kiosk.portal.reading import bar, service, titles
from kiosk.portal.reading.passage import PIECE_BYTES, Passage
from kiosk.portal.reading.service import Answer
from kiosk.portal.reading.titles import Title
from kiosk.web import current
from kiosk.web.i18n import chosen

PAGES = frozenset(("text/html", "application/xhtml+xml"))
TEXTS = PAGES | {
    "text/css", "text/plain", "text/javascript", "application/javascript", "application/x-javascript",
    "application/json", "image/svg+xml", "text/xml", "application/xml",
}  # fmt: skip
"""What becomes much smaller on the way."""
LEVEL = 5
GZIP = 31
"""How zlib calls a gzip header with its largest window."""
FEWEST_BYTES = 500
"""Less is not worth packing."""
KEPT_SECONDS = 3600
"""How long a phone may use a picture of a book unasked: a book may be replaced by a newer one."""
RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
SAFE = "/-._~!$&'()*+,;=:@|"
POLICY = (
    "default-src 'self' data: blob: 'unsafe-inline' 'unsafe-eval'; frame-ancestors 'self'; base-uri 'self'; "
    "form-action 'self'"
)
"""What a book may do: run its own scripts, and nothing that leaves its origin."""


def send(book: str, path: str) -> AnyResponse:
    """Return a page or file of a book.

    Raises:
        ServiceDown: kiwix-serve does not answer.
        NotFound: there is no such book, or nothing at that path.
    """
    title = titles.wanted(book)
    above = b"" if _is_for_a_script() else bar_of(title)
    tags = _tags(title, above)
    if any(request.if_none_match.contains_weak(tag) for tag in tags):
        return _marked(Response(status=304), next(tag for tag in tags if request.if_none_match.contains_weak(tag)))
    target = quote(title.inside + path, safe=SAFE)
    if request.query_string:
        target += "?" + quote(request.query_string, safe=SAFE + "%?")
    answer = _asked(target, tags)
    if answer.status in (301, 302, 303, 307, 308):
        answer.close()
        return _led_on(answer, title)
    if answer.status not in (200, 206, 416):
        answer.close()
        raise NotFound
    if answer.type in PAGES and answer.status == 200:
        answer = _unspoilt(answer, title, path)
        response = _under_the_bar(answer, above)
        response.content_language.add(title.book.language)
        return _marked(response, tags[0] if tags else "")
    return _marked(_as_it_is(answer, target), tags[1] if tags else "", kept_seconds=KEPT_SECONDS)


def pass_on() -> AnyResponse:
    """Return what kiwix-serve itself says to this request.

    Raises:
        ServiceDown: it does not answer.
    """
    target = quote(request.path, safe=SAFE)
    if request.query_string:
        target += "?" + quote(request.query_string, safe=SAFE + "%?")
    return _as_it_is(service.ask(titles.known().service, target, request.method), target)


def is_a_page(answer: AnyResponse) -> bool:
    """Tell whether what `send` returned is a page of a book that a person sees, also if the phone has it already."""
    if _is_for_a_script():
        return False
    return (
        answer.mimetype in PAGES
        if answer.status_code == 200
        else (answer.status_code == 304 and "text/html" in request.headers.get("Accept", ""))
    )


def bar_of(title: Title) -> bytes:
    """Return the bar above the pages of a book, in the visitor's language."""
    links = [(f"{current.config().portal.url}/library#{title.book.name}", bar.BACK, gettext("Back to the shelf"))]
    links.append((url_for("reading.search", book=title.book.name), bar.SEARCH, gettext("Search in this book")))
    locale = get_locale()
    return bar.markup(gettext("Library"), links, chosen(), locale.text_direction if locale else "ltr")


def _is_for_a_script() -> bool:
    # Scripts of books ask for pieces of pages, to put them into the page that is there. Browsers that run them tell by
    # what they accept, or more openly; small ones accept anything for a page.
    told = request.headers.get
    runs_scripts = told("User-Agent", "").startswith("Mozilla/")
    return (
        told("Sec-Fetch-Dest", "document") != "document"
        or "X-Requested-With" in request.headers
        or (runs_scripts and "text/html" not in told("Accept", ""))
    )


def _tags(title: Title, above: bytes) -> tuple[str, ...]:
    # A book's bytes never change under its UUID: the first tag is for its pages, the second for all else in it.
    page = hashlib.sha256(above).hexdigest()[:12]
    return (f"{title.uuid}-{page}", title.uuid) if title.settled else ()


def _asked(target: str, tags: tuple[str, ...]) -> Answer:
    kiwix, method = titles.known().service, request.method
    unchanged = "If-Range" not in request.headers or (bool(tags) and request.if_range.etag == tags[1])
    wanted = request.headers.get("Range", "") if unchanged else ""
    answer = service.ask(kiwix, target, method, wanted=wanted)
    if answer.status != 200 and answer.type in PAGES:  # a range of a page without its bar is no range of it
        answer.close()
        answer = service.ask(kiwix, target, method)
    return answer


def _unspoilt(answer: Answer, title: Title, path: str) -> Answer:
    # kiwix-serve 3.3 puts a mark into pages, and takes them all for UTF-8 to do so; later ones leave them alone.
    if title.book.path.startswith(f"{CONTENT}/"):
        return answer
    answer.close()
    target = quote(f"/raw/{title.book.name}/content/{path}", safe=SAFE)
    answer = service.ask(titles.known().service, target, request.method)
    if answer.status != 200:
        answer.close()
        raise NotFound
    return answer


def _led_on(answer: Answer, title: Title) -> AnyResponse:
    path, _, query = answer.location.partition("?")
    if not unquote(path).startswith(title.inside):
        raise NotFound(f"a book leads to {answer.location}")
    url = url_for("reading.read", book=title.book.name, path=unquote(path).removeprefix(title.inside))
    response = redirect(url + (f"?{query}" if query else ""), 302)
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _under_the_bar(answer: Answer, above: bytes) -> Response:
    pieces = answer.pieces()
    content_type = answer.headers["Content-Type"]
    first = next(pieces, b"")
    whole: Iterable[bytes] = _again(first, pieces)
    if encoding := bar.is_wide(first, content_type):
        whole, content_type = bar.as_utf8(whole, encoding), f"{answer.type}; charset=utf-8"
    made = bar.under(above, whole, is_xml=answer.type != "text/html")
    return _packed(Response(made, 200, content_type=content_type), answer)


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _as_it_is(answer: Answer, target: str) -> Response:
    response = Response(answer.pieces(), answer.status)
    for name, value in answer.headers.items():
        response.headers[name] = value
    size = int(answer.headers.get("Content-Length", FEWEST_BYTES))
    if answer.status == 200 and answer.type in TEXTS and size >= FEWEST_BYTES:
        return _packed(response, answer)
    response.call_on_close(answer.close)
    begins, wrapper = _begins(answer), request.environ.get("wsgi.file_wrapper")
    if size > PIECE_BYTES and begins and wrapper:
        answer.close()
        response.response = wrapper(Passage(titles.known().service, target, begins[0], size, begins[1]))
        response.direct_passthrough = True
    return response


def _begins(answer: Answer) -> tuple[int, str] | None:
    """Return where in its file an answer begins, and how long that is; None when it can not be asked for in parts."""
    if answer.status == 200 and answer.headers.get("Accept-Ranges") == "bytes":
        return 0, answer.headers["Content-Length"]
    match = RANGE.fullmatch(answer.headers.get("Content-Range", "")) if answer.status == 206 else None
    return (int(match[1]), match[2]) if match else None


def _packed(response: Response, answer: Answer) -> Response:
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0:
        response.response = _gzip(response.iter_encoded())
        response.headers["Content-Encoding"] = "gzip"
        for name in ("Content-Length", "Accept-Ranges"):
            response.headers.pop(name, None)
    response.call_on_close(answer.close)
    return response


def _gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    for piece in pieces:
        if data := packer.compress(piece):
            yield data
    yield packer.flush()


def _marked(response: Response, tag: str, kept_seconds: int = 0) -> Response:
    if tag:
        response.set_etag(tag, weak="Content-Encoding" in response.headers)
        if kept_seconds:
            response.headers["Cache-Control"] = f"max-age={kept_seconds}"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response
