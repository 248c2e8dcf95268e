"""What a sync reads in the papers that packs bring, and that it never fails for one."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from kiosk.errors import HostError
from kiosk.host import papers as reader
from kiosk.packs.collection import Entry
from kiosk.packs.papers import Reading
from kiosk.publish.build import build
from kiosk.store import db, facts
from kiosk.store.facts import Facts
from tests import papers
from tests.making import CHANNEL, Village, course_recipe, no_books, recipe, write_recipe

FILES = {"rules.pdf": papers.pdf(2), "rules.odt": papers.odt(), "locked.pdf": papers.pdf(locked_with="secret")}


def release(village: Village, version: int, **files: bytes) -> None:
    """Release a pack with one document of these files."""
    folder = course_recipe(village.folder / f"recipe-{version}", version=version)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    value = yaml.safe_load(yaml.safe_dump(recipe(version)))
    value["items"][2]["translations"]["en"]["files"] = list(files)
    write_recipe(folder, value)
    village.repository.release([build(folder, village.folder / "built", no_books)], CHANNEL)


def known(village: Village, name: str) -> Facts | None:
    """Return what is known of a file of the document that is served."""
    data = (village.state.current / "members/rules/en" / name).read_bytes()
    with closing(db.connect(village.state.database)) as conn:
        return facts.of(conn, hashlib.sha256(data).hexdigest())


def test_papers_are_read_before_they_are_served(village: Village) -> None:
    release(village, 1, **FILES)
    village.agent().run()
    pdf, odt, locked = (known(village, name) for name in FILES)
    assert pdf is not None
    assert odt is not None
    assert (pdf.pages, odt.pages) == (2, 2)
    assert (village.state.pictures / pdf.picture).read_bytes().startswith(b"\xff\xd8\xff")
    assert pdf.letters > 50
    assert odt.letters > 20
    assert locked == Facts(None, 0, "", village.clock())


def test_what_was_read_is_not_read_again_and_goes_with_its_paper(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(village, 1, **FILES)
    village.agent().run()
    read: list[str] = []

    def note(file: Path, _kind: str) -> Reading:
        read.append(file.name)
        return Reading()

    monkeypatch.setattr(reader, "read", note)
    for version in (2, 3):
        release(village, version, **{"rules.odt": FILES["rules.odt"], f"new-{version}.txt": b"New %d" % version})
        village.agent().run()
    assert read == ["new-2.txt", "new-3.txt"]
    assert list(village.state.pictures.iterdir()) == []


@pytest.mark.parametrize("error", [HostError("Poppler is not installed"), OSError(5, "Input/output error")])
def test_a_sync_does_not_fail_for_a_paper_and_the_next_one_tries_again(
    village: Village, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_file: Path, _kind: str) -> Reading:
        raise error

    release(village, 1, **FILES)
    with monkeypatch.context() as patched:
        patched.setattr(reader, "read", fail)
        assert village.agent().run().generation == 1
    assert known(village, "rules.pdf") is None
    assert village.agent().run().changes == ()
    assert known(village, "rules.pdf") is not None


def test_a_sync_with_nothing_new_looks_for_unread_papers_only_when_some_were_left(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    unread = facts.unread

    def noted(conn: db.Connection, generation: int) -> list[tuple[str, str, str, Entry]]:
        looked.append(generation)
        return unread(conn, generation)

    release(village, 1, **FILES)
    village.agent().run()
    monkeypatch.setattr(facts, "unread", noted)
    village.agent().run()
    assert looked == []
    with closing(db.connect(village.state.database)) as conn, db.transaction(conn):
        facts.note_left(conn, "Poppler is not installed", village.clock())
    village.agent().run()
    village.agent().run()
    assert looked == [1]
