"""Large files that stay where they are: named in a recipe, fetched once to be built, and taken by kiosks from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask
import pytest

from kiosk.cli.fetching import fetcher
from kiosk.cli.output import ProgressLine
from kiosk.errors import MirrorError, TrustError
from kiosk.packs import blobs
from kiosk.publish import prune as pruning
from kiosk.publish import routes
from kiosk.publish.build import BuiltPack, build, lint
from kiosk.publish.external import External, Fetch, published_blobs
from kiosk.sync import stage
from kiosk.sync.agent import Agent
from kiosk.sync.mirrors import HttpMirror
from tests.making import CHANNEL, Village, book_recipe, no_books, recipe, write_recipe, zim_bytes
from tests.serving import served
from tests.sync.origin import noise

BOOK = zim_bytes(noise(300_000))
SHA256 = hashlib.sha256(BOOK).hexdigest()
PIECE_BYTES = 128 * 1024


class Web:
    """A web server with files in a folder, which knows byte ranges, and what it was asked for: (path, Range)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, str]] = []
        self.url = ""
        folder.mkdir()

    def put(self, path: str, data: bytes) -> str:
        """Put a file there and return its URL."""
        (self.folder / path).parent.mkdir(exist_ok=True)
        (self.folder / path).write_bytes(data)
        return f"{self.url}/{path}"

    @contextmanager
    def serve(self) -> Iterator[None]:
        app = flask.Flask("web", static_folder=None)

        @app.get("/<path:path>")
        def give(path: str) -> flask.Response:
            self.asked.append((path, flask.request.headers.get("Range", "")))
            return flask.send_from_directory(self.folder, path, conditional=True)

        with served(app) as port:
            self.url = f"http://127.0.0.1:{port}"
            yield


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    made = Web(tmp_path / "web")
    with made.serve():
        yield made


@pytest.fixture
def small_blobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut the book into three blobs, as one of 160 MB would be."""
    for module in (routes, blobs, stage):
        monkeypatch.setattr(module, "BLOB_BYTES", PIECE_BYTES)


def book(folder: Path, *urls: str, sha256: str = SHA256, size: int = len(BOOK), version: int = 1) -> Path:
    """Write a recipe whose book lies elsewhere."""
    book_recipe(folder, b"").joinpath("book.zim").unlink()
    labels = {
        "title": "A book", "summary": "About health.",
        "zim": {"urls": list(urls), "sha256": sha256, "size_bytes": size},
    }  # fmt: skip
    items = [{"id": "book", "kind": "book", "subject": "health", "translations": {"en": labels}}]
    write_recipe(folder, recipe(version) | {"pack": "book", "items": items})
    return folder


def fetch(folder: Path) -> Fetch:
    return fetcher(folder / "cache", ProgressLine("fetching"), lambda seconds: None)


def built(folder: Path, *urls: str) -> BuiltPack:
    return build(book(folder / "recipe", *urls), folder / "built", no_books, fetch=fetch(folder))


def kiosk(village: Village, web: Web) -> Agent:
    """Return a kiosk whose only mirror is the repository on the web."""
    (web.folder / "repository").symlink_to(village.repository.folder)
    mirror = HttpMirror(f"{web.url}/repository")
    return Agent(village.config, [mirror], village.clock, wait=lambda seconds: None)


@pytest.mark.usefixtures("small_blobs")
def test_a_kiosk_takes_the_file_from_its_url_by_ranges(village: Village, web: Web) -> None:
    url = web.put("maker/book.zim", BOOK)
    pack = built(village.folder, url)
    village.repository.release([pack], CHANNEL)
    held = b"".join(path.read_bytes() for path in (village.repository.folder / "blobs").rglob("*") if path.is_file())
    assert len(held) < 10_000
    assert list(village.repository.verify()) == []
    web.asked.clear()
    kiosk(village, web).run()
    assert (village.state.current / "book/book/en/book_en.zim").read_bytes() == BOOK
    ranges = [asked for path, asked in web.asked if path == "maker/book.zim"]
    assert ranges == ["bytes=0-131071", "bytes=131072-262143", f"bytes=262144-{len(BOOK) - 1}"]


@pytest.mark.usefixtures("small_blobs")
def test_wrong_bytes_cost_their_leaf_and_the_other_url_is_asked(village: Village, web: Web) -> None:
    spoiled = bytearray(BOOK)
    spoiled[5] ^= 1
    urls = web.put("first/book.zim", BOOK), web.put("second/book.zim", BOOK)
    village.repository.release([built(village.folder, *urls)], CHANNEL)
    web.put("first/book.zim", bytes(spoiled))
    web.asked.clear()
    kiosk(village, web).run()
    assert (village.state.current / "book/book/en/book_en.zim").read_bytes() == BOOK
    assert {path.partition("/")[0] for path, _ in web.asked} >= {"first", "second"}


@pytest.mark.usefixtures("small_blobs")
def test_wrong_bytes_everywhere_are_refused_by_name(village: Village, web: Web) -> None:
    url = web.put("maker/book.zim", BOOK)
    village.repository.release([built(village.folder, url)], CHANNEL)
    web.put("maker/book.zim", BOOK[:-1] + bytes([BOOK[-1] ^ 1]))
    with pytest.raises(TrustError, match=f"{web.url}/maker: blobs/.* its bytes are not those that were signed"):
        kiosk(village, web).run()
    assert not (village.state.current / "book").exists()


def test_the_manifest_names_the_urls_and_the_book_by_its_own_header(tmp_path: Path, web: Web) -> None:
    pack = built(tmp_path, url := web.put("maker/book.zim", BOOK))
    (media,) = pack.manifest.items[0].media
    assert media.urls == (url,)
    assert media.entry.sha256 == SHA256
    assert pack.manifest.items[0].attributes["uuid"] == "6f1d19d0-633f-087b-fb55-7ac324ff9baf"
    assert pack.head.full.media_bytes == len(BOOK)
    wanted = published_blobs(pack.head, pack.manifest)
    assert media.blobs[0].sha256 not in wanted
    assert media.blobs[0].leaves in wanted


def test_a_build_fetches_once_and_goes_on_where_it_was_cut(tmp_path: Path, web: Web) -> None:
    url = web.put("maker/book.zim", BOOK)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / f"{SHA256}.part").write_bytes(BOOK[:200_000])
    built(tmp_path, url)
    built(tmp_path, url)
    assert web.asked == [("maker/book.zim", f"bytes=200000-{len(BOOK) - 1}")]


def test_what_a_url_has_is_held_against_the_recipe(tmp_path: Path, web: Web) -> None:
    url = web.put("maker/book.zim", BOOK[::-1])
    with pytest.raises(TrustError, match=r"maker/book\.zim: its bytes are not those that the recipe names"):
        fetch(tmp_path)(External((url,), SHA256, len(BOOK)))
    with pytest.raises(MirrorError, match=r"gone\.zim: there is no such file"):
        fetch(tmp_path)(External((f"{web.url}/maker/gone.zim",), SHA256, len(BOOK)))


def test_a_build_takes_the_next_url_when_one_is_wrong(tmp_path: Path, web: Web) -> None:
    urls = web.put("bad/book.zim", BOOK[::-1]), web.put("good/book.zim", BOOK)
    assert fetch(tmp_path)(External(urls, SHA256, len(BOOK))).read_bytes() == BOOK


def test_pruning_keeps_the_leaf_lists(village: Village, web: Web) -> None:
    village.repository.release([built(village.folder, web.put("maker/book.zim", BOOK))], CHANNEL)
    assert pruning.prune(village.repository.folder, village.repository.metadata).blobs == 0


SPOILED: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda z: z.update(urls=[]), "'urls' must be a list of at least 1"),
    (lambda z: z.update(urls=["ftp://a/b.zim"]), "begins with http:// or https://"),
    (lambda z: z.update(urls=["http://me@a/b.zim"]), "no name of a user"),
    (lambda z: z.update(urls=["http://a/"]), "it names a folder"),
    (lambda z: z.update(urls=["http://[a/b.zim"]), "begins with http:// or https://"),
    (lambda z: z.update(urls=["http://a/b c.zim"]), "no spaces"),
    (lambda z: z.update(urls=["http://a/b.zim"] * 9), "at most 8"),
    (lambda z: z.update(sha256="abc"), "'abc' is not a SHA-256"),
    (lambda z: z.update(size_bytes="1 GB"), "'size_bytes' must be a whole number"),
    (lambda z: z.update(size=3), "unknown key 'size'"),
]


@pytest.mark.parametrize(("spoil", "told"), SPOILED, ids=[case[1] for case in SPOILED])
def test_a_mistake_is_told_with_its_line(tmp_path: Path, spoil: Callable[[dict[str, Any]], object], told: str) -> None:
    folder = book(tmp_path / "recipe", "http://a.example/b.zim")
    value = json.loads(json.dumps(recipe()))
    value["items"] = [{
        "id": "book", "kind": "book", "subject": "health", "translations": {"en": {
            "title": "A book", "summary": "x",
            "zim": {"urls": ["http://a.example/b.zim"], "sha256": SHA256, "size_bytes": len(BOOK)},
        }},
    }]  # fmt: skip
    assert lint(folder) == []
    spoil(value["items"][0]["translations"]["en"]["zim"])
    write_recipe(folder, value)
    assert any(told in str(problem) for problem in lint(folder))


def test_a_small_document_belongs_into_the_folder(tmp_path: Path) -> None:
    folder = book_recipe(tmp_path / "recipe", b"")
    labels = {"title": "A law", "summary": "x"}
    small = {"urls": ["http://a.example/law.pdf"], "sha256": SHA256, "size_bytes": 1000}
    large = {"urls": ["http://a.example/law.doc"], "sha256": SHA256, "size_bytes": 10**9}
    items = [{"id": "law", "kind": "document", "category": "law",
              "translations": {"en": {**labels, "files": [small, large]}}}]  # fmt: skip
    write_recipe(folder, recipe() | {"items": items})
    assert [problem.message for problem in lint(folder)] == ["a file of 1000 bytes travels in the pack"]
    items[0]["translations"] = {"en": {**labels, "files": [large]}}
    write_recipe(folder, recipe() | {"items": items})
    assert [problem.message for problem in lint(folder)] == ["a document of this type is not taken"]
