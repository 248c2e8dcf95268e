"""Publishing to a folder, to OpenSSH and to an object store: the order, only what is missing, cut off and taken up."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import fsspec
import pytest

from kiosk.errors import ConfigError, Conflict, MirrorError, TrustError
from kiosk.packs import blobs
from kiosk.publish.destinations import Destination
from kiosk.publish.repository import Repository
from kiosk.publish.upload import TIMESTAMP, publish
from tests.making import CHANNEL, Village
from tests.publish import servers
from tests.whole_path.running import KIOSK


@dataclass
class Place:
    """A target, and how to look at what lies there."""

    url: str
    endpoint: str | None = None
    served: Path | None = None

    def destination(self) -> Destination:
        return Destination(self.url, {"endpoint_url": self.endpoint} if self.endpoint else None)

    def command(self, repository: Path) -> list[str]:
        extra = ["--endpoint", self.endpoint] if self.endpoint else []
        return [*KIOSK, "repo", "publish", str(repository), self.url, "--json", *extra]

    def copy(self, folder: Path) -> Path:
        """Return what lies there as a folder."""
        if self.served is not None:
            return self.served
        store = fsspec.filesystem("s3", endpoint_url=self.endpoint, skip_instance_cache=True)
        store.get(f"{self.url}/", str(folder), recursive=True)
        return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with servers.s3(tmp_path_factory.mktemp("weed")) as found:
        yield found


@pytest.fixture(params=["folder", "sftp", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    if request.param == "folder":
        yield Place(str(tmp_path / "served" / "repository"), served=tmp_path / "served" / "repository")
    elif request.param == "sftp":
        with servers.sftp(tmp_path / "sshd") as (url, home):
            monkeypatch.setenv("HOME", str(home))
            monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
            yield Place(url, served=tmp_path / "sshd" / "served" / "repository")
    else:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", servers.ACCESS)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", servers.SECRET)
        url, endpoint = request.getfixturevalue("store")
        yield Place(f"{url}/{request.node.name.partition('[')[0]}", endpoint=endpoint)


def filled(village: Village, count: int = 0, size: int = 2000) -> Path:
    """Return the folder of a repository with a release and `count` blobs more."""
    village.release()
    source = random.Random(7)
    for _ in range(count):
        data = source.randbytes(size)
        path = village.repository.folder / blobs.location(hashlib.sha256(data).hexdigest())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return village.repository.folder


def published(folder: Path) -> set[str]:
    """Return the paths of what readers may see of a repository."""
    every = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {path for path in every if not path.startswith(("added/", "metadata/unsigned/"))}


def check(village: Village, folder: Path) -> None:
    """See that a whole repository lies in a folder."""
    found = Repository(folder, None, village.clock)
    assert list(found.verify()) == []


def test_a_repository_goes_up_whole_and_then_only_what_is_new(village: Village, place: Place, tmp_path: Path) -> None:
    folder = filled(village, count=2, size=3 << 20)
    first = publish(folder, place.destination())
    assert (first.kept, first.files) == (0, len(published(folder)))
    check(village, place.copy(tmp_path / "copy"))
    assert publish(folder, place.destination()).files == 0
    village.release(version=2, text="Other words.")
    second = publish(folder, place.destination())
    assert 0 < second.size_bytes < 100_000
    assert second.kept > first.files - 3
    check(village, place.copy(tmp_path / "again"))


def test_killed_in_the_middle_the_old_state_is_whole_and_the_next_run_goes_on(
    village: Village, place: Place, tmp_path: Path
) -> None:
    folder = filled(village)
    publish(folder, place.destination())
    village.release(version=2, text="Other words.")
    filled_again = filled_more(village, 250)
    wanted = publish(folder, place.destination(), dry_run=True)
    assert wanted.files > filled_again
    before = len(place.destination().files())
    child = subprocess.Popen(place.command(folder), stdout=subprocess.DEVNULL)
    watcher = place.destination()
    until = time.monotonic() + 60
    while len(watcher.files()) < before + 5:
        assert child.poll() is None, "it was too quick to be killed"
        assert time.monotonic() < until
    child.kill()
    assert child.wait() == -signal.SIGKILL
    arrived = len(watcher.files()) - before
    assert 5 <= arrived < wanted.files
    copy = Repository(place.copy(tmp_path / "copy"), None, village.clock)
    assert [each.version for each in copy.releases(CHANNEL)] == [1]
    assert list(copy.verify()) == []
    done = subprocess.run(place.command(folder), capture_output=True, check=True, text=True)
    report = json.loads(done.stdout)
    assert report["files"] <= wanted.files - arrived
    check(village, place.copy(tmp_path / "again"))
    assert [
        each.version for each in Repository(place.copy(tmp_path / "more"), None, village.clock).releases(CHANNEL)
    ] == [2]


def filled_more(village: Village, count: int) -> int:
    """Put blobs more into the repository and return how many."""
    source = random.Random(8)
    for _ in range(count):
        data = source.randbytes(3000)
        path = village.repository.folder / blobs.location(hashlib.sha256(data).hexdigest())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return count


def test_a_target_that_is_newer_is_left_alone(village: Village, place: Place) -> None:
    folder = filled(village)
    publish(folder, place.destination())
    before = (folder / TIMESTAMP).read_bytes()
    village.repository.sign()
    publish(folder, place.destination())
    (folder / TIMESTAMP).write_bytes(before)
    with pytest.raises(Conflict, match="version 3 is published there, and 2 is here"):
        publish(folder, place.destination())


def test_what_is_gone_here_is_removed_there_when_asked(village: Village, place: Place) -> None:
    folder = filled(village, count=3)
    publish(folder, place.destination())
    extra = [path for path in folder.glob("blobs/*/*") if path.stat().st_size == 2000]
    for path in extra:
        path.unlink()
    assert publish(folder, place.destination()).removed == 0
    assert publish(folder, place.destination(), prune=True).removed == 3
    assert place.destination().files().keys() == published(folder)


def test_a_store_is_told_what_may_be_cached(
    village: Village, store: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", servers.ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", servers.SECRET)
    url, endpoint = store
    publish(filled(village), Destination(f"{url}/cached", {"endpoint_url": endpoint}))
    client = fsspec.filesystem("s3", endpoint_url=endpoint, skip_instance_cache=True)
    for path, told in ((TIMESTAMP, "no-cache"), ("metadata/1.root.json", "public, max-age=31536000, immutable")):
        about = client.call_s3("head_object", Bucket=url.removeprefix("s3://"), Key=f"cached/{path}")
        assert about["CacheControl"] == told


def test_a_file_cut_off_in_a_folder_goes_on_where_it_stopped(village: Village, tmp_path: Path) -> None:
    folder = filled(village, count=1, size=5 << 20)
    (large,) = [path for path in folder.glob("blobs/*/*") if path.stat().st_size == 5 << 20]
    target = tmp_path / "target"
    draft = (target / large.relative_to(folder)).with_name(f".{large.name}.part")
    draft.parent.mkdir(parents=True)
    draft.write_bytes(large.read_bytes()[: 3 << 20])
    inode = draft.stat().st_ino
    publish(folder, Destination(str(target)))
    arrived = target / large.relative_to(folder)
    assert arrived.stat().st_ino == inode, "the draft was taken up and renamed"
    assert arrived.read_bytes() == large.read_bytes()


def test_an_ssh_server_that_is_not_known_is_refused(
    village: Village, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = filled(village)
    with servers.sftp(tmp_path / "sshd") as (url, home):
        monkeypatch.setenv("HOME", str(home))
        (home / ".ssh" / "known_hosts").write_text("")
        with pytest.raises(MirrorError, match="the server's key is not the one known"):
            publish(folder, Destination(url))


def test_mistakes_are_told(village: Village, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can not be used"):
        Destination("carrier-pigeon://somewhere")
    with pytest.raises(TrustError, match="there is no whole repository"):
        publish(tmp_path / "nothing", Destination(str(tmp_path / "target")))
    (tmp_path / "file").write_text("")
    with pytest.raises(MirrorError, match="Not a directory"):
        publish(filled(village), Destination(str(tmp_path / "file" / "below")))


def test_another_federations_place_is_left_alone(village: Village, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Village(tmp_path / "other")
    publish(other.repository.folder, Destination(str(tmp_path / "target")))
    with pytest.raises(Conflict, match="another federation's"):
        publish(filled(village), Destination(str(tmp_path / "target")))
