"""Taking over what others signed or published: verified first, never older, never another's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, Targets

from kiosk.errors import Conflict, TrustError
from kiosk.publish import founding, holders, keys
from kiosk.publish.destinations import Destination
from kiosk.publish.metadata import MetadataFolder
from kiosk.publish.repository import Repository
from kiosk.publish.take import Taking
from tests.making import CHANNEL
from tests.publish.holding import Federation


def test_signatures_made_apart_are_put_together(federation: Federation, tmp_path: Path) -> None:
    public = [federation.key("union", "union-1"), federation.key("union2", "union-2")]
    holders.add_channel(federation.metadata, "prices", public, 2)
    for owners in (["union"], ["union2", "safe"]):
        copy = tmp_path / owners[0]
        shutil.copytree(federation.folder, copy / "repository")
        for owner in owners:
            Repository(copy / "repository", federation.village.folder / owner, federation.village.clock).sign()
    for owner in ("union", "union2"):
        source = Destination(str(tmp_path / owner / "repository"))
        assert Taking(federation.folder, federation.metadata, source).take().waiting
    assert federation.sign("keys") == ("1.prices.json", "2.targets.json")


def test_a_file_that_waits_here_is_not_replaced_by_another(federation: Federation, tmp_path: Path) -> None:
    shutil.copytree(federation.folder, tmp_path / "copy")
    other = MetadataFolder(tmp_path / "copy" / "metadata", federation.village.clock)
    holders.add_channel(federation.metadata, "prices", [federation.key("union", "union-1")], 1)
    holders.add_channel(other, "prices", [federation.key("stranger", "mallory")], 1)
    with pytest.raises(TrustError, match="not the one that waits here"):
        Taking(federation.folder, federation.metadata, Destination(str(tmp_path / "copy"))).take()


def test_a_forged_copy_is_not_taken(federation: Federation, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(federation.folder, copy)
    federation.of("keys")
    Repository(copy, federation.village.folder / "keys", federation.village.clock).sign()
    stable = copy / "metadata" / "1.stable.json"
    Taking(federation.folder, federation.metadata, Destination(str(copy))).take()
    assert federation.metadata.timestamp().signed.version == 2
    forged: Metadata[Targets] = Metadata.from_bytes(stable.read_bytes())
    forged.signed.version = 2
    (copy / "metadata" / "2.stable.json").write_bytes(forged.to_bytes())
    mine = MetadataFolder(copy / "metadata", federation.village.clock)
    held = keys.held(federation.village.folder / "keys")
    by_name: dict[str, list[Signer]] = {keys.name_of(each.public_key): [each] for each in held.values()}
    mine.put_online({"targets": 1, CHANNEL: 2}, by_name)
    with pytest.raises(TrustError, match=r"2\.stable\.json"):
        Taking(federation.folder, federation.metadata, Destination(str(copy))).take()
    assert federation.metadata.versions()[CHANNEL] == 1


def test_a_first_copy_starts_from_a_root_that_was_given(federation: Federation, tmp_path: Path) -> None:
    federation.village.release()
    copy = tmp_path / "copy"
    mine = MetadataFolder(copy / "metadata", federation.village.clock)
    founding.trust(mine, federation.folder / "metadata" / "1.root.json")
    taken = Taking(copy, mine, Destination(str(federation.folder))).take()
    assert taken.files > 1
    assert list(Repository(copy, None, federation.village.clock).verify()) == []
    with pytest.raises(Conflict, match="there is a repository already"):
        founding.trust(mine, federation.folder / "metadata" / "1.root.json")


def test_files_that_are_not_what_their_name_says_are_not_taken(federation: Federation, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(federation.folder, copy)
    path = copy / "blobs" / "ab" / ("ab" * 32)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    (path.parent / "strange").write_bytes(b"x")
    with pytest.raises(TrustError, match="not those that its name says"):
        Taking(federation.folder, federation.metadata, Destination(str(copy))).take()
    path.unlink()
    assert Taking(federation.folder, federation.metadata, Destination(str(copy))).take().files == 0
