"""What a kiosk gives to its neighbours: exactly the names of a repository, in ranges, and nothing else."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kiosk.errors import MirrorError
from kiosk.packs.blobs import Blob, location
from kiosk.sync.holdings import Cut, Held, Holdings, listing
from kiosk.sync.mirrors import HttpMirror
from tests.sync.origin import Origin, noise
from tests.test_config import GOOD
from tests.whole_path.running import KIOSK, free_port

DATA = noise(200_000)


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "state")


@pytest.fixture
def server(origin: Origin) -> Iterator[http.client.HTTPConnection]:
    origin.folder.mkdir(parents=True, exist_ok=True)
    with origin.serve() as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        yield connection
        connection.close()


def ask(
    server: http.client.HTTPConnection, path: str, wanted: str = "", method: str = "GET"
) -> tuple[int, bytes, dict[str, str]]:
    server.request(method, path, headers={"Range": wanted} if wanted else {})
    answer = server.getresponse()
    return answer.status, answer.read(), dict(answer.getheaders())


@pytest.mark.parametrize(
    ("wanted", "status", "start", "end"),
    [
        ("", 200, 0, 200_000), ("bytes=0-", 206, 0, 200_000), ("bytes=0-0", 206, 0, 1),
        ("bytes=199999-", 206, 199_999, 200_000),
        ("bytes=5-9", 206, 5, 10), ("bytes=5-999999999", 206, 5, 200_000), ("bytes=-3", 206, 199_997, 200_000),
        ("bytes=-999999", 206, 0, 200_000), ("bytes=200000-", 416, 0, 0), ("bytes=9-5", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=0-1,4-5", 200, 0, 200_000), ("lines=0-1", 200, 0, 200_000), ("bytes=-", 200, 0, 200_000),
        ("bytes=5-9\u00b2", 200, 0, 200_000),
    ],
)  # fmt: skip
def test_ranges(
    server: http.client.HTTPConnection, origin: Origin, wanted: str, status: int, start: int, end: int
) -> None:
    path = "/" + location(origin.blob(DATA).sha256)
    code, body, headers = ask(server, path, wanted)
    assert (code, body) == (status, DATA[start:end])
    assert headers["Content-Length"] == str(end - start)
    if status == 206:
        assert headers["Content-Range"] == f"bytes {start}-{end - 1}/200000"
    code, body, again = ask(server, path, wanted, "HEAD")
    assert (code, body, again["Content-Length"]) == (status, b"", headers["Content-Length"])


@pytest.mark.parametrize(
    "path",
    [
        "/", "/metadata", "/metadata/", "/blobs/", "/holdings.json", "/../kiosk.sqlite3", "/blobs/../holdings.json",
        "/metadata/..%2fholdings.json", "/metadata/1.root.json%0a", "/metadata/0.root.json", "/metadata/ROOT.json",
        "/metadata/1.root.json.new", "/blobs/ab/" + "c" * 64, "/blobs/AB/" + "AB" * 32, "/parts/" + "a" * 64,
        "/metadata/link.json", "/metadata/2.link.json", "/targets/stable/x.members.json",
    ],
)  # fmt: skip
def test_nothing_but_the_names_of_a_repository_is_there(
    server: http.client.HTTPConnection, origin: Origin, path: str
) -> None:
    (origin.state / "kiosk.sqlite3").write_text("secret")
    (origin.folder / "holdings.json").write_text("[]")
    (origin.folder / "metadata").mkdir()
    for name in ("1.root.json", "1.root.json.new", "timestamp.json", "link.json"):
        (origin.folder / "metadata" / name).write_text("{}")
    (origin.folder / "metadata" / "2.link.json").symlink_to(origin.state / "kiosk.sqlite3")
    assert ask(server, path)[:2] == (404, b"")
    assert ask(server, "/metadata/1.root.json")[:2] == (200, b"{}")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_only_reads(server: http.client.HTTPConnection, method: str) -> None:
    status, _, headers = ask(server, "/metadata/timestamp.json", method=method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_what_never_changes_is_kept_and_the_timestamp_is_not(
    server: http.client.HTTPConnection, origin: Origin
) -> None:
    (origin.folder / "metadata").mkdir()
    (origin.folder / "metadata" / "timestamp.json").write_text("{}")
    (origin.folder / "metadata" / "3.snapshot.json").write_text("{}")
    assert ask(server, "/metadata/timestamp.json")[2]["Cache-Control"] == "no-cache"
    assert "immutable" in ask(server, "/metadata/3.snapshot.json")[2]["Cache-Control"]


def test_blobs_of_media_are_cut_from_the_installed_file(server: http.client.HTTPConnection, origin: Origin) -> None:
    film = noise(150_000)
    (origin.state / "objects").mkdir()
    (origin.state / "objects" / "film").write_bytes(film)
    blobs = [Blob(sign * 64, size, None) for sign, size in (("a", 100_000), ("b", 50_000), ("c", 50_001))]
    cuts = tuple(Cut(blob, "objects/film", at) for blob, at in zip(blobs, (0, 100_000, 100_000), strict=True))
    held = Held("stable/films.json", "films", 1, "d" * 64, (), (), cuts)
    (origin.folder / "holdings.json").write_bytes(listing((held,)))
    assert ask(server, "/blobs/aa/" + "a" * 64)[:2] == (200, film[:100_000])
    assert ask(server, "/blobs/bb/" + "b" * 64, "bytes=10-19")[:2] == (206, film[100_010:100_020])
    assert ask(server, "/blobs/cc/" + "c" * 64)[0] == 404  # the file is shorter than it was: not told as held


def test_the_command_serves_what_a_kiosk_holds(tmp_path: Path) -> None:
    (tmp_path / "kiosk.yaml").write_text(GOOD)
    blob, port = Origin(tmp_path / "state").blob(DATA), str(free_port())
    settings = ["--config", str(tmp_path / "kiosk.yaml"), "--address", "127.0.0.1", "--port", port, "--no-announce"]
    with subprocess.Popen([*KIOSK, "serve", "mirror", *settings]) as child:
        try:
            mirror = HttpMirror(f"http://127.0.0.1:{port}", metered=False)
            assert patiently(lambda: b"".join(mirror.read(location(blob.sha256), 100_000)), child) == DATA[100_000:]
        finally:
            child.terminate()


def patiently(attempt: Callable[[], bytes], child: subprocess.Popen[bytes]) -> bytes:
    """Try until it works, for as long as the child lives."""
    while child.poll() is None:
        with suppress(MirrorError):
            return attempt()
        time.sleep(0.1)
    raise AssertionError("the server has ended")


def test_slow_readers_keep_nobody_waiting(server: http.client.HTTPConnection, origin: Origin) -> None:
    large = location(origin.blob(noise(30_000_000)).sha256)
    small = location(origin.blob(DATA).sha256)
    slow = [socket.create_connection((server.host, server.port)) for _ in range(8)]  # twice as many as threads
    for each in slow:
        each.sendall(f"GET /{large} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert each.recv(100).startswith(b"HTTP/1.1 200")
    assert ask(server, "/" + small)[:2] == (200, DATA)
    for each in slow:
        each.close()


def test_a_listing_of_another_form_is_nothing(origin: Origin) -> None:
    origin.folder.mkdir(parents=True)
    (origin.folder / "holdings.json").write_text('[{"target": 1}]')
    assert Holdings(origin.state).packs() == ()
