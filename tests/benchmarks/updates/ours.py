"""Our own side: a federation that releases a folder's versions, and kiosks that sync from a server that counts.

Owns: nothing but the way through the product: `write_pack` or `build`, `Repository.release`, and `kiosk sync run` as
a program of its own, so that its memory and time are those of a kiosk.
"""

from __future__ import annotations

import filecmp
import mimetypes
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from kiosk.clock import system_clock
from kiosk.packs.collection import Entry, content_root, period_of
from kiosk.packs.listing import Placed
from kiosk.packs.manifest import Item, Manifest, Media
from kiosk.publish import routes
from kiosk.publish.build import BuiltPack, build, write_pack
from kiosk.publish.content import Content, Version, pieces
from kiosk.publish.repository import Repository
from tests.benchmarks.updates.measure import ToolFailed, run
from tests.benchmarks.updates.peers import Transfer, transfer
from tests.benchmarks.updates.trees import Series
from tests.benchmarks.updates.web import Traffic, serve
from tests.making import no_books

CHANNEL, PACK = "stable", "bench"
AS_IN_ITS_UNIT = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "1048576"}
"""What systemd/kiosk-sync.service sets."""
KIOSK = Path(sys.executable).with_name("kiosk")
PAPERS = (".pdf", ".odt", ".docx", ".ods", ".xlsx")


@dataclass(frozen=True)
class Ours:
    """What the kiosk fetched: for the update, for a poll right after, for a first install of the new version, and from
    the oldest version to the newest beside a direct patch between the two (None where there are but two versions).
    """

    update: Transfer
    parts: dict[str, int]
    """Body bytes of the update by kind of file."""
    poll: Transfer
    first: Transfer
    from_oldest: Transfer | None
    direct: Transfer | None


def pack(folder: Path, version: int, work: Path) -> BuiltPack:
    """Build a folder into a pack with one document that has all its files; papers go the way of a recipe."""
    out, draft = work / "built", work / "draft"
    if all(path.suffix in PAPERS for path in folder.rglob("*") if path.is_file()):
        return build(_recipe(folder, version, work / f"recipe-{version}"), out, no_books)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    out.mkdir(exist_ok=True)
    content = Content(work / f"content-{version}")
    listed = sorted(_entries(folder, content), key=lambda entry: entry.path)
    media = tuple(
        Media(entry, tuple(routes.keep(pieces(content.path(entry.sha256)), draft)))
        for entry in listed
        if entry.is_media
    )
    size, root = sum(entry.size_bytes for entry in listed), content_root(listed, period_of(listed))
    item = Item(
        "all",
        "document",
        "en",
        folder.name,
        "All pages.",
        "CC-BY-4.0",
        size,
        len(listed),
        root,
        {"category": "other"},
        media,
    )
    manifest = Manifest(PACK, version, {"en": PACK}, {"en": PACK}, "Benchmark", "CC-BY-4.0", (item,))
    placed = tuple(Placed(0, entry) for entry in listed if not entry.is_media)
    return write_pack(Version(manifest, placed, content), draft, out)


def _entries(folder: Path, content: Content) -> Iterator[Entry]:
    for path in folder.rglob("*"):
        if path.is_file():
            sha256, size = content.keep(pieces(path))
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            yield Entry(str(path.relative_to(folder)), kind, "", size, sha256)


def _recipe(folder: Path, version: int, recipe: Path) -> Path:
    shutil.copytree(folder, recipe)
    labels = {"title": "Papers", "summary": "Papers.", "files": sorted(path.name for path in recipe.iterdir())}
    item = {"id": "all", "kind": "document", "category": "other", "translations": {"en": labels}}
    value = {
        "format": 1, "pack": PACK, "version": version, "publisher": "Benchmark", "licence": "CC-BY-4.0",
        "title": {"en": PACK}, "summary": {"en": PACK}, "items": [item],
    }  # fmt: skip
    (recipe / "pack.yaml").write_text(yaml.safe_dump(value))
    return recipe


class Federation:
    """A repository below `work`, and kiosks by name that follow it."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._repository = Repository(work / "repository", work / "keys", system_clock)
        self._repository.init([CHANNEL])

    def release(self, folder: Path, version: int) -> None:
        """Build a version and put it on the channel."""
        self.put(pack(folder, version, self._work))
        shutil.rmtree(self._work / f"content-{version}", ignore_errors=True)

    def put(self, built: BuiltPack) -> None:
        """Put a version that was built on the channel; its folder goes."""
        self._repository.release([built], CHANNEL)
        shutil.rmtree(built.folder)

    def sync(self, name: str, program: Sequence[str | Path] = (KIOSK,)) -> tuple[Transfer, Traffic]:
        """Let a kiosk sync, and return what that took. A new name is a new kiosk; `program` is the command line's."""
        with serve(self._work / "repository") as (url, traffic):
            client = run([*program, "sync", "run", "--json", "--config", self._config(name, url)], env=AS_IN_ITS_UNIT)
        return transfer(traffic, client), traffic

    def _config(self, name: str, url: str) -> Path:
        folder = self._work / "kiosks" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "root.json").write_bytes(self._repository.root_bytes())
        sites = {
            site: {"address": f"127.0.0.{n}", "port": 8000, "url": f"http://127.0.0.{n}:8000"}
            for n, site in enumerate(("portal", "library", "console"), start=1)
        }
        sync = {"mirrors": [url], "channels": [CHANNEL], "trusted_root": "root.json", "most_mb": 100_000}
        (folder / "kiosk.yaml").write_text(yaml.safe_dump({"name": "Bench", "state": "state", **sites, "sync": sync}))
        return folder / "kiosk.yaml"

    def state(self, name: str) -> Path:
        """Return the folder of what a kiosk has."""
        return self._work / "kiosks" / name / "state"

    def check(self, name: str, wanted: Path) -> None:
        """Make sure that a kiosk serves exactly the files of a folder.

        Raises:
            ToolFailed: it does not.
        """
        found = self.state(name) / "current" / PACK / "all" / "en"
        bad = [p for p in wanted.rglob("*") if p.is_file() and not _same(p, found / p.relative_to(wanted))]
        if bad or len(list(wanted.rglob("*"))) != len(list(found.rglob("*"))):
            raise ToolFailed(f"{name}: the kiosk does not serve {wanted}: {bad[:3]}")


def _same(left: Path, right: Path) -> bool:
    return right.is_file() and (left.suffix in PAPERS or filecmp.cmp(left, right, shallow=False))


def ours(series: Series, work: Path, told: Callable[[str], None]) -> Ours:
    """Release the versions one after the other, and measure kiosks on the way."""
    federation = Federation(work / "ours")
    done: dict[str, Transfer] = {}
    parts: dict[str, int] = {}
    for number, folder in enumerate(series.folders):
        told(f"building and releasing {folder.name}")
        federation.release(folder, number + 1)
        if number == 0:
            federation.sync("oldest")
        if number == series.start:
            federation.sync("follower")
        if number == series.start + 1:
            done["update"], traffic = federation.sync("follower")
            parts = by_kind(traffic)
            federation.check("follower", folder)
            done["poll"], _ = federation.sync("follower")
            done["first"], _ = federation.sync("newcomer")
            federation.check("newcomer", folder)
    if len(series.folders) > 2:
        done["from_oldest"], _ = federation.sync("oldest")
        federation.check("oldest", series.folders[-1])
        done["direct"] = _direct(series, work / "direct", told)
    shutil.rmtree(work / "ours")
    return Ours(done["update"], parts, done["poll"], done["first"], done.get("from_oldest"), done.get("direct"))


def _direct(series: Series, work: Path, told: Callable[[str], None]) -> Transfer:
    told("building the direct patch from the oldest to the newest")
    federation = Federation(work)
    federation.release(series.folders[0], 1)
    federation.sync("oldest")
    federation.release(series.folders[-1], 2)
    found, _ = federation.sync("oldest")
    shutil.rmtree(work)
    return found


def by_kind(traffic: Traffic) -> dict[str, int]:
    """Return body bytes by what they were for: metadata (signed by TUF), head, blobs."""
    found: dict[str, int] = {}
    for path, size in traffic.paths.items():
        kind = path.strip("/").partition("/")[0]
        found[kind] = found.get(kind, 0) + size
    return found
