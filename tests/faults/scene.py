"""The scene of every fault: a federation with three releases, and kiosks that follow it at a place of their own.

Each release stands in a repository of its own folder (0: nothing is released yet), so that a kiosk is moved on by
another URL. What is in the packs is small, and has something of everything: many entries, a blob of more than one leaf,
media, a book, things that are added, changed, renamed, dropped and kept.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from kiosk.clock import system_clock
from kiosk.publish.build import BuiltPack, build
from kiosk.publish.repository import Repository
from tests import making
from tests.sync import book_editions

VERSIONS = (1, 2, 3)
CONFIG = """\
name: A telecenter to be broken
state: state
portal: {{address: 127.0.0.1, port: 8001, url: "http://127.0.0.1:8001"}}
library: {{address: 127.0.0.2, port: 8002, url: "http://127.0.0.2:8002"}}
console: {{address: 127.0.0.3, port: 8003, url: "http://127.0.0.3:8003"}}
sync: {{mirrors: ["{mirror}"], channels: [stable], trusted_root: root.json, spare_mb: 32, neighbours: false}}
"""


@dataclass(frozen=True)
class Scene:
    """The federation below `folder`, served at `url`; `built` has the packs of each version."""

    folder: Path
    url: str
    built: dict[int, list[BuiltPack]]

    def repository(self, version: int) -> Path:
        """Return the folder of the repository as it was after release `version`."""
        return self.folder / f"repository-{version}"

    def mirror(self, version: int) -> str:
        """Return the URL of that repository."""
        return f"{self.url}/repository-{version}"

    def kiosk(self, folder: Path) -> Kiosk:
        """Make a fresh kiosk in a folder that does not exist yet."""
        folder.mkdir(parents=True)
        shutil.copy(self.folder / "repository-1/metadata/1.root.json", folder / "root.json")
        kiosk = Kiosk(folder)
        kiosk.follow(self.mirror(1))
        return kiosk


@dataclass(frozen=True)
class Kiosk:
    """A kiosk in a folder: `kiosk.yaml`, `root.json` and, from its first command on, `state/`."""

    folder: Path

    @property
    def state(self) -> Path:
        """The folder of its state."""
        return self.folder / "state"

    def follow(self, mirror: str) -> None:
        """Write its configuration."""
        (self.folder / "kiosk.yaml").write_text(CONFIG.format(mirror=mirror))

    def sync(self) -> tuple[str, ...]:
        """Return the command that syncs it."""
        return ("sync", "run", "--config", str(self.folder / "kiosk.yaml"))

    def copy(self, folder: Path) -> Kiosk:
        """Return a copy that shares no file with this one; hard links within stay hard links."""
        subprocess.run(["cp", "-a", self.folder, folder], check=True)
        return Kiosk(folder)

    def remove(self) -> None:
        """Remove it with all it has."""
        shutil.rmtree(self.folder)


def make(folder: Path, url: str) -> Scene:
    """Build and release the versions below `folder`, which is served at `url`."""
    scene = Scene(folder, url, {})
    repository = Repository(folder / "repository", folder / "keys", system_clock)
    repository.init([making.CHANNEL])
    subprocess.run(["cp", "-a", repository.folder, scene.repository(0)], check=True)
    for version in VERSIONS:
        recipes = (_members(folder / "recipes/members", version), _papers(folder / "recipes/papers", version))
        scene.built[version] = [build(recipe, folder / "built", making.no_books) for recipe in recipes]
        repository.release(scene.built[version], making.CHANNEL)
        subprocess.run(["cp", "-a", repository.folder, scene.repository(version)], check=True)
    return scene


def _members(folder: Path, version: int) -> Path:
    # Twelve lessons of which one in three changes, and a notice.
    making.course_recipe(folder, version=version, text=f"Each has {version} votes." + _prose(version, 200))
    for number in range(2, 13):
        lesson = folder / "course" / f"{number:02}-lesson-{number}"
        lesson.mkdir(exist_ok=True)
        seed = number * 10 + (version if number % 3 == version % 3 else 0)
        front = f"---\ntitle: Lesson {number}\nsummary: About {number}.\nminutes: 10\n---\n"
        (lesson / "en.md").write_text(f"{front}\n{_prose(seed, 300)}\n")
    return folder


def _papers(folder: Path, version: int) -> Path:
    # Documents that stay, change, come and go; one that does not compress, of several leaves;
    # a book, of which two pages change and one is new; another that is delivered as it is, which makes it media.
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"stays-{n}": _prose(n, 500).encode() for n in range(6)}
    texts |= {f"changes-{n}": _prose(100 + n, 800).encode() + f"\nPrice: {version}\n".encode() for n in range(6)}
    texts |= {f"new-in-{version}": _prose(200 + version, 500).encode(), "empty": b""}
    texts |= {"large": random.Random(version).randbytes(300_000)}
    renamed = "old-name" if version == 1 else "new-name"
    texts |= {renamed: _prose(300, 900).encode()}
    found = book_editions.pages(12, changed=() if version == 1 else (3, 7), more=version // 2)
    (folder / "book.zim").unlink(missing_ok=True)
    book_editions.write_zim(folder / f"edition-{version}", folder / "book.zim", found)
    (folder / "as-it-is.zim").write_bytes(making.zim_bytes(random.Random(version // 2).randbytes(200_000)))
    labels = {"title": "Papers", "summary": "All papers."}
    items = []
    for name, data in texts.items():
        (folder / f"{name}.txt").write_bytes(data)
        files = {"en": {**labels, "files": [f"{name}.txt"]}}
        items.append({"id": name, "kind": "document", "category": "law", "translations": files})
    for zim, as_it_is in (("book", False), ("as-it-is", True)):
        book = {"en": {**labels, "zim": f"{zim}.zim", "as_it_is": as_it_is}}
        items.append({"id": f"a-{zim}", "kind": "book", "subject": "health", "translations": book})
    value = making.recipe(version)
    value |= {"pack": "papers", "title": {"en": "Papers"}, "items": items}
    (folder / "pack.yaml").write_text(yaml.safe_dump(value, sort_keys=False))
    return folder


def _prose(seed: int, words: int) -> str:
    source = random.Random(seed)
    return " ".join(source.choice(WORDS) for _ in range(words))


WORDS = (
    "assembly",
    "bank",
    "cash",
    "coffee",
    "debt",
    "fair",
    "field",
    "harvest",
    "honey",
    "loan",
    "maize",
    "price",
    "vote",
)
