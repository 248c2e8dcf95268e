"""Real documentation, fetched by the packagers' own clients: Debian packages, and Django's from PyPI built with Sphinx.

What was fetched or built lies in a cache folder and is not fetched again. Which versions Debian has changes with time:
the newest of each upstream release is taken, and the table says which those were.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.updates.measure import run
from tests.benchmarks.updates.trees import Series, settle, take

SPHINX = "sphinx==8.2.3"
DJANGO = ("5.1.1", "5.1.2", "5.1.3", "5.1.4")
INDEXES = ("searchindex.js", ".doctrees", ".buildinfo")
"""What Sphinx leaves that is no page: its search index (kiosks build their own) and its scratch files."""


def debian_versions(package: str, most: int) -> list[str]:
    """Return the newest package version of each of the newest `most` upstream releases, the oldest first."""
    listed = run(["apt-cache", "madison", package]).output
    versions = list(dict.fromkeys(line.split("|")[1].strip() for line in listed.splitlines() if "|" in line))
    newest: dict[str, str] = {}
    for version in versions:  # apt lists the newest first
        newest.setdefault(version.rpartition("-")[0], version)
    return list(newest.values())[:most][::-1]


def unpacked(package: str, version: str, cache: Path) -> Path:
    """Return the folder of a Debian package's files, fetched and unpacked when it is not there."""
    folder = cache / "debian" / f"{package}_{version}"
    if not folder.exists():
        downloads = cache / "debian" / "downloads"
        downloads.mkdir(parents=True, exist_ok=True)
        run(["apt-get", "download", f"{package}={version}"], downloads)
        archive = next(downloads.glob(f"{package}_{version.replace(':', '%3a')}_*.deb"))
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        run(["dpkg-deb", "-x", archive, part])
        part.rename(folder)
        archive.unlink()
    return folder


def debian_series(
    name: str, package: str, inside: str, cache: Path, most: int, wanted: Callable[[Path], bool] = lambda path: True
) -> Series | None:
    """Return the releases of a documentation package that Debian has now; None if it has but one.

    Args:
        name: of the series.
        package: the Debian package.
        inside: the folder in it that is compared.
        cache: where things fetched are kept.
        most: how many releases to take, from the newest backwards; the update is between the two newest.
        wanted: tells which files, by path in that folder, belong to it.
    """
    versions = debian_versions(package, most)
    if len(versions) < 2:
        return None
    folders = []
    for version in versions:
        folder = cache / "series" / name / version
        if not folder.exists():
            part = folder.with_name(f"{version}.part")
            shutil.rmtree(part, ignore_errors=True)
            take(unpacked(package, version, cache) / inside, part, wanted)
            part.rename(folder)
        folders.append(folder)
    settle(tuple(folders))
    return Series(name, f"Debian's {package}, {' to '.join(versions[-2:])}", tuple(folders), len(folders) - 2)


def is_page(path: Path) -> bool:
    """Tell whether a file of Sphinx's output is content (not its search index or scratch)."""
    return not any(part in INDEXES for part in path.parts)


def django(cache: Path) -> Series:
    """Return Django's documentation of four releases as HTML, all built by the same Sphinx."""
    folders = []
    for version in DJANGO:
        folder = cache / "series" / "django" / version
        if not folder.exists():
            part = folder.with_name(f"{version}.part")
            shutil.rmtree(part, ignore_errors=True)
            take(_django_html(version, cache), part, is_page)
            part.rename(folder)
        folders.append(folder)
    settle(tuple(folders))
    return Series("django", f"Django {DJANGO[0]} to {DJANGO[1]}, HTML by {SPHINX}", tuple(folders))


def _django_html(version: str, cache: Path) -> Path:
    work = cache / "django"
    html = work / f"html-{version}"
    if not html.exists():
        sphinx = _sphinx(work)
        pip: list[str | Path] = [
            sphinx / "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-binary",
            "Django",
            "-d",
            work,
            f"Django=={version}",
        ]
        run(pip)
        archive = next(work.glob(f"[Dd]jango-{version}.tar.gz"))
        run(["tar", "-xf", archive, "-C", work])
        source = next(path for path in work.glob(f"[Dd]jango-{version}") if path.is_dir())
        # Without the network there are no indexes of other projects to link to; the links stay words.
        build: list[str | Path] = [
            sphinx / "python",
            "-m",
            "sphinx",
            "-Q",
            "-b",
            "html",
            "-j",
            "2",
            "-D",
            "intersphinx_mapping=",
        ]
        run([*build, source / "docs", html.with_suffix(".part")], env={"SOURCE_DATE_EPOCH": "1700000000"})
        shutil.rmtree(source)
        html.with_suffix(".part").rename(html)
    return html


def _sphinx(work: Path) -> Path:
    venv = work / "sphinx"
    if not (venv / "bin" / "sphinx-build").exists():
        run([sys.executable, "-m", "venv", venv])
        run([venv / "bin" / "pip", "install", "-q", SPHINX])
    return venv / "bin"


def sentences(folder: Path) -> list[str]:
    """Return the sentences of a folder of HTML pages as plain text, each once, in the order of the files."""
    found: dict[str, None] = {}
    for path in sorted(folder.rglob("*.html")):
        text = re.sub(r"<(script|style|pre)\b.*?</\1>", " ", path.read_text("utf-8", "replace"), flags=re.DOTALL)
        for block in re.findall(r"<p\b[^>]*>(.*?)</p>", text, flags=re.DOTALL):
            plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", block)).strip()
            for sentence in re.split(r"(?<=[.!?]) (?=[A-Z])", plain):
                if 40 <= len(sentence) <= 300:
                    found[sentence] = None
    return list(found)
