"""The carriers: a server over a link that does all that links and portals do, and a stick that anyone may have made."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.errors import MirrorError
from kiosk.packs.blobs import location
from kiosk.sync.mirrors import FileMissing, FolderMirror, HttpMirror, RangeIgnored, file_at
from tests.sync.origin import HASTY, Origin, noise
from tests.sync.proxy import LOGIN_PAGE, Fault, Proxy, proxy

DATA = noise(300_000)


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "origin")


@pytest.fixture
def place(origin: Origin) -> str:
    return location(origin.blob(DATA).sha256)


@pytest.fixture
def link(origin: Origin) -> Iterator[Proxy]:
    with origin.serve() as url, proxy(url, drip_seconds=0.05) as running:
        yield running


def read(link: Proxy, path: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join(HttpMirror(link.url, patience=HASTY).read(path, start, end))


def read_until_error(link: Proxy, path: str, start: int = 0, end: int | None = None) -> tuple[bytes, MirrorError]:
    got = b""
    with pytest.raises(MirrorError) as trouble:  # noqa: PT012 - what came before the error counts
        for piece in HttpMirror(link.url, patience=HASTY).read(path, start, end):
            got += piece
    return got, trouble.value


@pytest.mark.parametrize(("start", "end"), [(0, None), (0, 300_000), (5, None), (5, 6), (299_999, 300_000), (0, 1)])
def test_ranges_are_exact_over_http_and_from_a_folder(
    link: Proxy, place: str, origin: Origin, start: int, end: int | None
) -> None:
    assert read(link, place, start, end) == DATA[start:end]
    assert b"".join(origin.mirror().read(place, start, end)) == DATA[start:end]


def test_a_connection_is_used_again(link: Proxy, place: str) -> None:
    mirror = HttpMirror(link.url)
    for _ in range(3):
        assert b"".join(mirror.read(place)) == DATA
        with pytest.raises(FileMissing):
            list(mirror.read("blobs/00/" + "0" * 64))
    assert len(link._workers) == 2  # the listener's, and one connection's


def test_a_missing_file_is_told_as_such(link: Proxy, origin: Origin) -> None:
    with pytest.raises(FileMissing, match="404"):
        read(link, "blobs/00/" + "0" * 64)
    with pytest.raises(FileMissing):
        list(origin.mirror().read("blobs/00/" + "0" * 64))


@pytest.mark.parametrize("kind", ["reset", "truncate", "stall", "drip"])
def test_what_came_before_a_break_is_kept_to_the_byte(link: Proxy, place: str, kind: str) -> None:
    link.faults.append(Fault(kind, at=100_001))  # type: ignore[arg-type]
    got, error = read_until_error(link, place)
    assert len(got) - 100_001 in range(20 if kind == "drip" else 1)
    assert DATA.startswith(got)
    assert "broke off" in error.message


def test_a_head_that_drips_is_left(link: Proxy, place: str) -> None:
    link.faults.append(Fault("drip_head", times=2))
    got, error = read_until_error(link, place)
    assert got == b""
    assert error.message.endswith("Read timed out. (read timeout=0.4)")


def test_a_head_that_never_ends_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        worker = threading.Thread(target=_answer_for_ever, args=(listener, b"HTTP/1.1 100 Continue\r\n\r\n"))
        worker.start()
        with pytest.raises(MirrorError, match="do not end"):
            list(HttpMirror(f"http://127.0.0.1:{listener.getsockname()[1]}", patience=HASTY).read("x"))
        listener.shutdown(socket.SHUT_RDWR)
        worker.join()


def _answer_for_ever(listener: socket.socket, line: bytes) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        with client:
            try:
                while True:
                    client.sendall(line * 1000)
            except OSError:
                pass


def test_a_range_that_is_ignored_once_is_asked_for_again(link: Proxy, place: str) -> None:
    link.faults.append(Fault("ignore_range"))
    assert read(link, place, 200_000) == DATA[200_000:]


def test_a_server_without_ranges_is_told_before_its_body_is_read(link: Proxy, place: str) -> None:
    link.faults.append(Fault("ignore_range", times=9))
    got, error = read_until_error(link, place, 200_000)
    assert got == b""
    assert isinstance(error, RangeIgnored)
    assert read(link, place, 0, 1000) == DATA[:1000]  # from the first byte it will do


def test_a_login_page_is_known_by_its_type(link: Proxy, place: str) -> None:
    link.faults.append(Fault("login", times=2))
    for start in (0, 200_000):
        got, error = read_until_error(link, place, start, 300_000)
        assert got == b""
        assert not isinstance(error, RangeIgnored)
        assert "login page" in str(error.hint)


def test_a_file_that_is_shorter_than_it_must_be_is_known_before_it_is_read(link: Proxy, place: str) -> None:
    got, error = read_until_error(link, place, 0, 300_001)
    assert got == b""
    assert "the file is shorter" in error.message


def test_a_login_page_without_length_is_short(link: Proxy, place: str) -> None:
    link.faults.append(Fault("login_without_length"))
    got, error = read_until_error(link, place, 0, 300_000)
    assert got == LOGIN_PAGE
    assert "too early" in error.message


@pytest.mark.parametrize(("kind", "said"), [("refuse", "503"), ("wrong_range", "another range"), ("pack", "packs")])
def test_odd_answers_are_refused_before_their_body(link: Proxy, place: str, kind: str, said: str) -> None:
    link.faults.append(Fault(kind))  # type: ignore[arg-type]
    got, error = read_until_error(link, place, 10)
    assert got == b""
    assert said in error.message


def test_an_endless_body_is_cut_at_what_was_asked_for(link: Proxy, place: str) -> None:
    link.faults.append(Fault("endless", times=2))
    assert read(link, place, 0, 300_000) == DATA
    assert len(next(HttpMirror(link.url).read(place))) > 0  # and one that is left early leaves nothing behind


def test_redirects_are_followed_a_little_and_only_on_the_web(link: Proxy, place: str) -> None:
    link.faults.append(Fault("redirect", times=3))
    assert read(link, place, 7, 9) == DATA[7:9]
    link.faults.append(Fault("redirect", times=4))
    assert "too often" in read_until_error(link, place)[1].message
    link.faults = [Fault("redirect", target="file://")]
    assert "not a web address" in read_until_error(link, place)[1].message


def test_a_neighbour_can_not_send_the_kiosk_to_where_bytes_cost_money(link: Proxy, place: str) -> None:
    link.faults.append(Fault("redirect"))
    with pytest.raises(MirrorError, match="redirects"):
        list(HttpMirror(link.url, metered=False).read(place))


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(MirrorError, match="refused"):
        list(HttpMirror(f"http://127.0.0.1:{port}", patience=HASTY).read("x"))


@pytest.mark.parametrize("path", ["../secret", "blobs/../../secret", "/etc/passwd", "blobs//x", ".", ""])
def test_no_path_leads_out_of_a_stick(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "stick" / "blobs").mkdir(parents=True)
    with pytest.raises(FileMissing):
        list(FolderMirror(tmp_path / "stick").read(path))


def test_no_link_or_device_on_a_stick_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "file").symlink_to(tmp_path / "secret")
    (stick / "folder").symlink_to(tmp_path)
    os.mkfifo(stick / "pipe")
    (stick / "real").mkdir()
    for path in ("file", "folder/secret", "pipe", "real"):
        with pytest.raises(FileMissing):
            list(FolderMirror(stick).read(path))


def test_a_short_file_on_a_stick_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"half")
    with pytest.raises(MirrorError, match="only 4 bytes"):
        list(FolderMirror(tmp_path).read("file", 0, 8))


def test_a_file_that_lies_alone_is_read_from_its_url(link: Proxy, place: str) -> None:
    mirror, path = file_at(f"{link.url}/{place}")
    assert b"".join(mirror.read(path, 3, 5)) == DATA[3:5]
