"""The head of a pack version says where its manifest can be had apart from the routes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk.errors import FormatError
from kiosk.packs import head as heads
from kiosk.packs.blobs import LEAF_BYTES, Blob
from kiosk.packs.head import Head, Route

SMALL = Head("members", 1, "a" * 64, 100, 1000, 1000, 1, ("book",), Route((Blob("b" * 64, 100, None),), 0))
APART = replace(SMALL, apart=Blob("a" * 64, 100))
PATCHED = replace(SMALL, patches=(Route((Blob("d" * 64, 7),), 0, "e" * 16, ("deflate", "and what comes later")),))
LARGE = replace(SMALL, manifest_bytes=LEAF_BYTES + 1, apart=Blob("a" * 64, LEAF_BYTES + 1, "c" * 64))


@pytest.mark.parametrize(
    "head", [SMALL, APART, LARGE, PATCHED], ids=["in the routes", "apart", "apart with leaves", "needs"]
)
def test_a_head_comes_out_as_it_went_in(head: Head) -> None:
    assert heads.parse(head.to_bytes()) == head


def test_the_full_route_needs_nothing() -> None:
    with pytest.raises(FormatError, match="every kiosk must be able"):
        heads.parse(replace(SMALL, full=replace(SMALL.full, needs=("deflate",))).to_bytes())


def test_a_manifest_that_lies_apart_is_among_the_blobs_with_its_leaves() -> None:
    assert [blob.sha256[0] for blob in SMALL.all_blobs()] == ["b"]
    assert [blob.sha256[0] for blob in APART.all_blobs()] == ["b", "a"]
    assert [blob.sha256[0] for blob in LARGE.all_blobs()] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'"apart":true', b'"apart":1', "apart"),
        (b'"apart":true', b'"apart":false', "leaves"),
        (b',"leaves":"' + b"c" * 64 + b'"', b"", "has a leaf list"),
    ],
)
def test_half_a_reference_is_refused(old: bytes, new: bytes, told: str) -> None:
    assert old in LARGE.to_bytes()
    with pytest.raises(FormatError, match=told):
        heads.parse(LARGE.to_bytes().replace(old, new))
