"""Papers on the console: files that come piece by piece or by the plain form, versions, withdraw and restore."""

from __future__ import annotations

import hashlib
import io
import shutil
from datetime import timedelta
from typing import NamedTuple

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from kiosk.store import audit, db, papers, uploads
from kiosk.store.uploads import PIECE_BYTES
from tests.console import test_board
from tests.console.entering import HOST, send
from tests.console.sending import Sender, digest_of
from tests.making import Village
from tests.papers import pdf

conn = test_board.conn
console = test_board.console

TEXT = b"The assembly has decided.\n"
LONG = TEXT * 200_000
"""Two pieces and a part of a third."""


def plain(client: FlaskClient, *files: tuple[str, bytes], page: str = "/documents", **fields: str) -> TestResponse:
    """Send files by the plain form."""
    said = {"csrf_token": Sender(client, b"").token(), "category": "reports", "language": "en", "who": "all", **fields}
    sent = [FileStorage(io.BytesIO(data), name) for name, data in files]
    # Werkzeug's client leaves a large form that it encodes itself open.
    boundary, body = encode_multipart({**said, "file": sent})
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post("/uploads/plain", **HOST, data=body, content_type=kind)


def test_a_file_comes_piece_by_piece_and_becomes_a_paper(
    console: FlaskClient, conn: db.Connection, village: Village
) -> None:
    answer = Sender(console, LONG, "Minutes_of-May.2026.txt").send(who="members")
    assert answer.json == {"url": "/documents/1"}
    (paper,) = papers.all_of(conn)
    assert (paper.newest.title, paper.category, paper.members_only) == ("Minutes of May 2026", "reports", True)
    assert paper.newest.sha256 == hashlib.sha256(LONG).hexdigest()
    assert village.state.document_path(paper.newest.sha256).read_bytes() == LONG
    assert list(village.state.uploads.iterdir()) == []
    assert [(act.who, act.kind, act.detail) for act in audit.last(conn, 1)] == [
        ("editor", "paper.added", "Minutes of May 2026")
    ]
    page = console.get("/documents/1", **HOST)
    assert "Minutes of May 2026" in page.text
    assert 'src="/static/' in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    file = console.get("/documents/1/1", **HOST)
    assert (file.data, file.headers["Content-Disposition"]) == (LONG, "attachment; filename=Minutes-of-May-2026.txt")
    file.close()
    assert console.get("/documents/1/2", **HOST).status_code == 404


def test_other_accounts_may_read_a_paper_however_it_came(console: FlaskClient, village: Village) -> None:
    # The console, the portal and the web server are accounts of their own.
    Sender(console, b"Minutes of May").send(title="Piece by piece")
    plain(console, ("minutes.txt", b"Minutes of June"), title="By the form")
    modes = [path.stat().st_mode & 0o444 for path in village.state.documents.glob("*/*")]
    assert modes == [0o444, 0o444]


def test_a_newer_version_stands_before_the_older_ones_which_stay(
    console: FlaskClient, conn: db.Connection, village: Village
) -> None:
    Sender(console, TEXT).send(title="Accounts")
    assert Sender(console, LONG).send(paper="1").json == {"url": "/documents/1"}
    assert (
        plain(console, ("third.pdf", pdf(2, text="The third")), paper="1", title="Accounts, right").status_code == 303
    )
    versions = papers.get(conn, 1).versions
    assert [(each.version, each.title) for each in versions] == [
        (3, "Accounts, right"), (2, "Accounts"), (1, "Accounts"),
    ]  # fmt: skip
    for each in versions:
        assert village.state.document_path(each.sha256).is_file()
    again = Sender(console, pdf(2, text="The third")).send(paper="1")
    assert (again.status_code, again.json) == (422, {"problem": "The paper has this very file already."})
    assert uploads.unfinished(conn) == []
    assert "already" in plain(console, ("x.pdf", pdf(2, text="The third")), paper="1").text
    assert Sender(console, LONG).send(paper="9").status_code == 404
    assert Sender(console, LONG).send(paper="x").status_code == 422
    assert len(papers.get(conn, 1).versions) == 3


def test_it_is_withdrawn_and_restored(console: FlaskClient, conn: db.Connection) -> None:
    Sender(console, TEXT).send(title="Accounts")
    assert send(console, "/documents", "/documents/1/withdraw").status_code == 303
    assert papers.get(conn, 1).withdrawn_at
    assert "nobody sees it" in console.get("/documents/1", **HOST).text
    assert "Withdrawn" in console.get("/documents", **HOST).text
    assert send(console, "/documents", "/documents/1/restore").status_code == 303
    assert papers.get(conn, 1).withdrawn_at is None
    assert [act.kind for act in audit.last(conn, 2)] == ["paper.restored", "paper.withdrawn"]


def test_after_a_cut_the_same_file_goes_on_and_a_wrong_place_is_told(
    console: FlaskClient, conn: db.Connection, village: Village
) -> None:
    sender = Sender(console, LONG)
    upload = sender.begin().json["upload"]  # type: ignore[index]
    assert sender.piece(upload, 0, LONG[:PIECE_BYTES]).json == {"here": PIECE_BYTES}
    with uploads.path(village.state, upload).open("ab") as file:
        file.write(b"what a cut left, told to nobody")
    for at, piece in ((0, LONG[:9]), (PIECE_BYTES + 1, b"x"), (-1, b"x"), (PIECE_BYTES, b"x" * PIECE_BYTES * 2)):
        answer = sender.piece(upload, at, piece)
        assert answer.status_code in (409, 413), at
    assert sender.finish(upload).json == {"here": PIECE_BYTES}
    assert "are here" in console.get("/documents", **HOST).text
    begun = Sender(console, LONG, "called otherwise.txt").begin(title="Another title")
    assert begun.json == {"upload": upload, "here": PIECE_BYTES, "piece": PIECE_BYTES}
    assert Sender(console, LONG).send(title="The last word").json == {"url": "/documents/1"}
    assert papers.get(conn, 1).newest.title == "The last word"
    assert sender.finish(upload).json == {"url": "/documents/1"}
    assert sender.piece(upload, len(LONG), b"x").status_code == 409
    assert len(papers.all_of(conn)) == 1


def test_two_browsers_that_send_the_same_file_make_one_paper(console: FlaskClient, conn: db.Connection) -> None:
    one, other = Sender(console, LONG), Sender(console, LONG)
    upload = one.begin().json["upload"]  # type: ignore[index]
    assert other.begin().json["upload"] == upload  # type: ignore[index]
    one.piece(upload, 0, LONG[:PIECE_BYTES])
    assert other.piece(upload, 0, LONG[:PIECE_BYTES]).json == {"here": PIECE_BYTES}
    other.piece(upload, PIECE_BYTES, LONG[PIECE_BYTES : 2 * PIECE_BYTES])
    one.piece(upload, 2 * PIECE_BYTES, LONG[2 * PIECE_BYTES :])
    assert one.finish(upload).json == other.finish(upload).json == {"url": "/documents/1"}
    assert len(papers.all_of(conn)) == 1


def test_what_did_not_arrive_as_it_was_becomes_no_paper(
    console: FlaskClient, conn: db.Connection, village: Village
) -> None:
    sender = Sender(console, TEXT)
    upload = sender.begin().json["upload"]  # type: ignore[index]
    sender.piece(upload, 0, TEXT.replace(b"has", b"had"))
    assert sender.finish(upload).json == {"problem": "It did not arrive as it was. Please send it again."}
    assert papers.all_of(conn) == []
    assert list(village.state.uploads.iterdir()) == []
    assert sender.send().status_code == 200


class Bad(NamedTuple):
    """A file that is refused: its bytes, and what is said."""

    data: bytes
    said: str


@pytest.mark.parametrize(
    "bad",
    [
        Bad(b"", "This file is empty."),
        Bad(b"<!doctype html><script>alert(1)</script>%PDF-1.7", "This is not a kind of paper that phones can open."),
        Bad(b"\x7fELF\x00\x01", "This is not a kind of paper that phones can open."),
    ],
)
def test_a_file_that_is_no_paper_is_refused_whatever_its_name(
    console: FlaskClient, conn: db.Connection, village: Village, bad: Bad
) -> None:
    answer = Sender(console, bad.data, "minutes.pdf").send()
    assert (answer.status_code, answer.json) == (422, {"problem": bad.said})
    page = plain(console, ("minutes.pdf", bad.data), title="Minutes <b>")
    assert page.status_code == 422
    assert bad.said in page.text
    assert 'value="Minutes &lt;b&gt;"' in page.text
    assert papers.all_of(conn) == []
    assert list(village.state.uploads.iterdir()) == list(village.state.documents.iterdir()) == []


def test_fields_are_judged_before_anything_is_sent(console: FlaskClient, conn: db.Connection) -> None:
    sender = Sender(console, TEXT)
    for wrong in (
        {"size": "500000001"}, {"size": "-1"}, {"size": "9" * 40}, {"digest": "x" * 64}, {"digest": ""},
        {"category": "x"}, {"language": "<b>"}, {"title": "x" * 300},
    ):  # fmt: skip
        answer = sender.begin(**wrong)
        assert answer.status_code == 422, wrong
        assert answer.json
        assert answer.json["problem"]
    assert uploads.unfinished(conn) == []


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\temp\\a.pdf", "\x00.pdf", ".pdf", "<script>.txt", "x" * 900, "\u202etxt.fdp"]
)
def test_the_name_of_a_file_is_only_words(console: FlaskClient, village: Village, name: str) -> None:
    assert Sender(console, TEXT, name).send().status_code == 200
    page = console.get("/documents", **HOST).text
    assert "<script>." not in page
    assert "\u202e" not in page
    assert [path.name for path in village.state.documents.glob("*/*")] == [hashlib.sha256(TEXT).hexdigest()]


def test_the_name_of_a_file_on_its_way_deceives_nobody(console: FlaskClient, conn: db.Connection) -> None:
    Sender(console, TEXT, "minutes\u202etxt.\0exe\nx").begin(title="x")
    (waiting,) = uploads.unfinished(conn)
    assert waiting.name == "minutestxt.exe x"
    assert "minutestxt.exe x" in console.get("/documents", **HOST).text


def test_only_so_many_files_wait_for_their_rest(
    console: FlaskClient, conn: db.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_WAITING", 2)
    sent = [Sender(console, TEXT + bytes([sign])) for sign in b"abc"]
    assert [each.begin().status_code for each in sent] == [200, 200, 507]
    assert sent[0].send().status_code == 200  # those that wait go on, and make room
    assert sent[2].begin().status_code == 200
    assert len(uploads.unfinished(conn)) == 2


def test_many_files_of_the_plain_form_are_each_taken_for_themselves(console: FlaskClient, conn: db.Connection) -> None:
    files = (("one.txt", b"One.\n"), ("two.pdf", b"<html>"), ("three.txt", b"Three.\n"))
    page = plain(console, *files, title="not for many")
    assert page.status_code == 422
    assert "two.pdf: This is not a kind of paper" in page.text
    assert {each.newest.title for each in papers.all_of(conn)} == {"one", "three"}
    assert plain(console).status_code == 422
    assert plain(console, ("four.txt", b"Four.\n"), paper="x").status_code == 422
    assert plain(console, ("four.txt", b"Four.\n"), paper="77").status_code == 404


def test_what_is_too_large_for_a_page_is_not_read(console: FlaskClient) -> None:
    assert plain(console, ("big.txt", b"x" * 50_000_001)).status_code == 413
    assert console.post("/login", **HOST, data={"name": "x" * 1_000_001}).status_code == 413


def test_without_room_on_the_card_it_is_said_at_once(
    console: FlaskClient, conn: db.Connection, village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = Sender(console, LONG)
    room = village.config.sync.spare_bytes + len(LONG) + 100
    usage = shutil.disk_usage(village.state.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=room))
    assert sender.begin().status_code == 200
    for answer in (sender.begin(), Sender(console, LONG + TEXT).begin()):
        wanted = 200 if answer.json and "here" in answer.json else 507
        assert answer.status_code == wanted
    assert Sender(console, LONG + TEXT).begin().json == {
        "problem": "The card has no room for it. Make room first, then go on."
    }
    assert "no room for it" in plain(console, ("a.txt", LONG + LONG)).text
    assert len(uploads.unfinished(conn)) == 1


def test_a_card_that_is_full_meanwhile_costs_nothing_that_is_here(console: FlaskClient, village: Village) -> None:
    sender = Sender(console, LONG)
    upload = sender.begin().json["upload"]  # type: ignore[index]
    sender.piece(upload, 0, LONG[:PIECE_BYTES])
    here, aside = uploads.path(village.state, upload), village.folder / "aside"
    here.rename(aside)
    here.symlink_to("/dev/full")
    answer = sender.piece(upload, PIECE_BYTES, LONG[PIECE_BYTES : 2 * PIECE_BYTES])
    assert answer.status_code == 507
    assert answer.json == {"problem": "The card has no room for it. Make room first, then go on."}
    aside.replace(here)
    assert sender.begin().json["here"] == PIECE_BYTES  # type: ignore[index]
    assert sender.send().json == {"url": "/documents/1"}


def test_a_file_on_its_way_is_told_given_up_and_forgotten_after_a_week(
    console: FlaskClient, conn: db.Connection, village: Village
) -> None:
    sender = Sender(console, LONG)
    upload = sender.begin().json["upload"]  # type: ignore[index]
    sender.piece(upload, 0, LONG[:PIECE_BYTES])
    assert "A file is being uploaded." in console.get("/", **HOST).text
    village.clock.forward(minutes=5)
    assert "A file is being uploaded." not in console.get("/", **HOST).text
    assert send(console, "/documents", f"/uploads/{upload}/remove").status_code == 303
    assert not [*village.state.uploads.iterdir(), *uploads.unfinished(conn)]
    assert sender.piece(upload, PIECE_BYTES, b"x").status_code == 404

    upload = sender.begin().json["upload"]  # type: ignore[index]
    sender.piece(upload, 0, LONG[:PIECE_BYTES])
    (village.state.uploads / "777").write_bytes(b"left by a cut")
    uploads.prune(conn, village.state, village.clock() + uploads.KEPT - timedelta(hours=1))
    assert [path.name for path in village.state.uploads.iterdir()] == [str(upload)]
    uploads.prune(conn, village.state, village.clock() + uploads.KEPT + timedelta(hours=1))
    assert not [*village.state.uploads.iterdir(), *uploads.unfinished(conn)]


def test_digests_are_of_pieces() -> None:
    pieces = [LONG[at : at + PIECE_BYTES] for at in range(0, len(LONG), PIECE_BYTES)]
    whole = hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in pieces)).hexdigest()
    assert digest_of(io.BytesIO(LONG)) == whole
