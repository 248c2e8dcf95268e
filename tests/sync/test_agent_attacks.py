"""Attacks through a whole sync: what the operator is told, and that what is installed is served on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import repeat

import pytest
from tuf.api.metadata import Metadata, Targets

from kiosk.errors import TrustError
from kiosk.store import db, events
from kiosk.sync.agent import Agent
from tests.making import Village
from tests.sync.federation import MemoryMirror, key

Files = dict[str, bytes | Iterator[bytes]]


def page(files: Files) -> str:
    files["metadata/timestamp.json"] = b"<html>Please pay to go on</html>"
    return "metadata/timestamp.json: it is not signed metadata"


def another_key(files: Files) -> str:
    metadata = Metadata[Targets].from_bytes(bytes_of(files, "metadata/3.stable.json"))
    metadata.sign(key("thief"))
    files["metadata/3.stable.json"] = metadata.to_bytes()
    return "metadata/3.stable.json: its signature does not hold"


def another_root(files: Files) -> str:
    metadata = Metadata[Targets].from_bytes(bytes_of(files, "metadata/1.root.json"))
    metadata.signed.version = 2
    metadata.sign(key("thief"))
    files["metadata/2.root.json"] = metadata.to_bytes()
    return "metadata/2.root.json: its signature does not hold"


def mixed_states(files: Files) -> str:
    files["metadata/3.stable.json"] = files["metadata/1.stable.json"]
    return "metadata/3.stable.json: files of different states are mixed"


def left_out(files: Files) -> str:
    del files["metadata/3.snapshot.json"]
    return "metadata/3.snapshot.json: the mirror does not have this file"


def endless_metadata(files: Files) -> str:
    files["metadata/3.snapshot.json"] = repeat(bytes(4096))
    return "metadata/3.snapshot.json: it goes on beyond the 2,000,000 bytes it may have"


def endless_head(files: Files) -> str:
    path = max(path for path in files if path.startswith("targets/") and b'"version":2' in bytes_of(files, path))
    files[path] = repeat(bytes(4096))
    return f"{path}: it goes on beyond"


def bytes_of(files: Files, path: str) -> bytes:
    found = files[path]
    assert isinstance(found, bytes)
    return found


ATTACKS = [page, another_key, another_root, mixed_states, left_out, endless_metadata, endless_head]


def repository(village: Village) -> Files:
    folder = village.repository.folder
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def sync(village: Village, files: Files) -> None:
    mirror = MemoryMirror({}, spoiled=files)
    Agent(village.config, [mirror], village.clock, wait=lambda seconds: None, vouched=lambda: True).run()


@pytest.fixture
def settled(village: Village) -> Village:
    """A kiosk with version 1, of a federation that has published version 2."""
    village.release()
    sync(village, repository(village))
    village.release(version=2, text="Each has one vote.")
    return village


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_told_and_changes_nothing(settled: Village, attack: Callable[[Files], str]) -> None:
    files = repository(settled)
    told = attack(files)
    with pytest.raises(Exception, match="mirror/") as refusal:
        sync(settled, files)
    assert told in str(refusal.value)
    with closing(db.connect(settled.state.database)) as conn:
        event = events.last(conn, "sync.")[0]
    assert event.kind == "sync.failed"
    assert told in event.detail["message"]
    assert event.detail["hint"]
    assert "Members own it together." in settled.lesson()
    sync(settled, repository(settled))
    assert "Each has one vote." in settled.lesson()


def test_a_roll_back_is_told_and_changes_nothing(settled: Village) -> None:
    old = repository(settled)
    settled.release(version=3, text="Profit is shared.")
    sync(settled, repository(settled))
    with pytest.raises(TrustError, match=r"mirror/metadata/timestamp\.json: it is older than what was seen before"):
        sync(settled, old)
    assert "Profit is shared." in settled.lesson()


def test_a_freeze_is_told_and_changes_nothing(settled: Village) -> None:
    settled.clock.forward(days=100)
    with pytest.raises(TrustError, match=r"mirror/metadata/timestamp\.json: it has expired"):
        sync(settled, repository(settled))
    assert "Members own it together." in settled.lesson()
