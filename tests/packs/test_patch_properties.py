"""For any two trees, a patch between them, applied to the first, gives the second."""

from __future__ import annotations

import hashlib
import string
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.packs import blobs, collection, listing, names, route, unpack
from kiosk.packs.collection import Entry
from kiosk.packs.head import Head, Route
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Item, Manifest
from kiosk.publish import routes
from kiosk.publish.content import Content, Version

Tree = dict[str, bytes]
PARTS = st.text(alphabet=string.ascii_letters + "0123456789 ._-éßñ水ا🥕'&=%+", min_size=1, max_size=12)
PATHS = st.lists(PARTS, min_size=1, max_size=3).map("/".join).filter(lambda path: names.fault_in_path(path) is None)
CONTENTS = st.one_of(
    st.just(b""), st.binary(max_size=200), st.text(max_size=300).map(str.encode),
    st.tuples(st.binary(min_size=1, max_size=30), st.integers(1, 2000)).map(lambda pair: pair[0] * pair[1]),
)  # fmt: skip


def fits(tree: Tree) -> bool:
    """Tell whether no path clashes with another, or is a folder of another."""
    folded = {names.folded(path) for path in tree}
    parents = {"/".join(path.split("/")[:depth]) for path in folded for depth in range(1, path.count("/") + 1)}
    return len(folded) == len(tree) and not folded & parents


TREES = st.dictionaries(PATHS, CONTENTS, max_size=12).filter(fits)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Tree, Tree]:
    """Return a tree and one that comes of it: entries kept, dropped, renamed, changed, and new ones."""
    old = draw(TREES)
    new = dict(draw(TREES))
    for path, data in old.items():
        fate = draw(st.sampled_from(["keep", "drop", "rename", "change"]))
        if fate == "change":
            at = draw(st.integers(0, len(data)))
            data = data[:at] + draw(st.binary(max_size=9)) + data[at + draw(st.integers(0, 9)) :]
        if fate != "drop":
            new[draw(PATHS) if fate == "rename" else path] = data
    return old, new if fits(new) else old


def version(tree: Tree, number: int, folder: Path) -> Version:
    """Return a version whose one item has the entries of a tree."""
    content = Content(folder)
    entries = [Entry(p, "text/plain", "", len(tree[p]), content.keep([tree[p]])[0]) for p in sorted(tree)]
    root = collection.content_root(entries, collection.period_of(entries))
    size = sum(entry.size_bytes for entry in entries)
    labels = ("Papers", "All papers.", "CC0-1.0")
    item = Item("papers", "document", "en", *labels, size, len(entries), root, {"category": "law"}, ())
    manifest = Manifest("papers", number, {"en": "Papers"}, {"en": "All."}, "Federation", "CC0-1.0", (item,))
    return Version(manifest, tuple(Placed(0, entry) for entry in entries), content)


def head(of: Version) -> Head:
    """Return a head that names the version, and no route."""
    data, manifest = of.manifest.to_bytes(), of.manifest
    digest = hashlib.sha256(data).hexdigest()
    named = (manifest.installed_bytes, manifest.size_bytes, manifest.entries, manifest.kinds)
    return Head("papers", manifest.version, digest, len(data), *named, Route((), 0))


def read(made: Route, folder: Path) -> list[bytes]:
    """Return the blobs of a route."""
    return [(folder / blobs.location(blob.sha256)).read_bytes() for blob in made.blobs]


def applied(old: Version, new: Version, pieces: list[bytes]) -> Tree:
    """Apply a patch to a version, as a kiosk does, and return the tree."""
    body = route.open_body(iter(pieces), route.PATCH, "the patch")
    patch = unpack.open_patch(body, old.manifest.to_bytes(), head(new))
    assert patch.manifest == new.manifest.to_bytes()  # not parsed: a document of no entries would be refused
    items = unpack.items_between(old.manifest, new.manifest)
    placed = list(listing.apply(old.entries, patch.delta, items, "the patch"))
    targets = sorted((each for each in placed if not each.entry.sha256), key=listing.target_order)
    found = {each.entry.path: old.content.read(each.entry.sha256) for each in placed if each.entry.sha256}
    blocks = patch.blocks(body, lambda reference: routes._piece(old, reference))
    for each, chunks in unpack.target_entries(blocks, targets, "the patch"):
        found[each.entry.path] = b"".join(chunks)
    assert not patch.damaged
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(pairs())
def test_a_patch_applied_to_the_old_tree_gives_the_new(pair: tuple[Tree, Tree]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        old, new = version(pair[0], 1, folder / "old"), version(pair[1], 2, folder / "new")
        made = routes.patch(old, new, folder)
        assert applied(old, new, read(made, folder)) == pair[1]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(TREES)
def test_a_full_route_gives_the_tree(tree: Tree) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        of = version(tree, 1, Path(scratch) / "content")
        promised = replace(head(of), full=routes.full(of, Path(scratch)))
        body = route.open_body(iter(read(promised.full, Path(scratch))), route.FULL, "the route")
        assert unpack.full_manifest(body) == of.manifest.to_bytes()
        found = {p.entry.path: b"".join(chunks) for p, chunks in unpack.full_entries(body, promised, 1)}
        assert found == tree
