"""A pack that is small on the link and swells when it is read: refused at a limit of memory."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from kiosk.errors import FormatError
from kiosk.packs import route, wire
from kiosk.packs.head import Route
from kiosk.publish import routes
from kiosk.publish.build import BuiltPack, build
from kiosk.sync import stage
from tests.making import CHANNEL, Village, course_recipe, no_books


def swelling(built: BuiltPack) -> BuiltPack:
    """Return a pack whose manifest is eight megabytes of JSON, and two hundred once it is read."""
    data = b'{"format": 1, "items": [' + b"{}," * 2_700_000 + b"{}]}"
    body = wire.text(data)
    blobs_ = tuple(routes.keep(route.packed([body], route.FULL, route.ZSTD, len(body)), built.folder))
    digest = hashlib.sha256(data).hexdigest()
    head = replace(built.head, manifest_sha256=digest, manifest_bytes=len(data), full=Route(blobs_, 0), segments=None)
    return replace(built, head=head)


def test_a_pack_that_swells_when_it_is_read_ends_at_the_limit_of_memory(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Lower than on a kiosk: this process ran for long, and what it has free from before counts as held.
    monkeypatch.setattr(stage, "MOST_MEMORY_BYTES", 48 << 20)
    built = build(course_recipe(village.folder / "swelling"), village.folder / "swelling-built", no_books)
    village.repository.release([swelling(built)], CHANNEL)
    with pytest.raises(FormatError, match="members: to read it takes more than 48 MB of memory"):
        village.agent().run()
    assert village.state.current_number() == 0
    village.repository.withdraw("members", CHANNEL)
    assert village.agent().run().changes == ()
