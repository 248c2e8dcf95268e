"""The pairs that are measured, by name."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.updates import papers, sources
from tests.benchmarks.updates.trees import Made, Series
from tests.benchmarks.updates.wiki import wiki

LINUX, LINUX_HTML = "linux-doc-6.1", "usr/share/doc/linux-doc-6.1/html"
POSTGRES, POSTGRES_HTML = "postgresql-doc-15", "usr/share/doc/postgresql-doc-15/html"


def prose(cache: Path) -> Path:
    """Return a folder of HTML pages whose sentences are put into the synthetic series."""
    newest = sources.debian_versions(POSTGRES, 1)[0]
    return sources.unpacked(POSTGRES, newest, cache) / POSTGRES_HTML


def _linux(cache: Path) -> Series | None:
    return sources.debian_series("linux-doc", LINUX, LINUX_HTML, cache, 2, sources.is_page)


def _postgres(cache: Path) -> Series | None:
    return sources.debian_series("postgresql-doc", POSTGRES, POSTGRES_HTML, cache, 2)


SERIES: Made = {
    "django": sources.django,
    "postgresql-doc": _postgres,
    "linux-doc": _linux,
    "wiki": lambda cache: wiki(cache, prose(cache)),
    "papers": papers.model_papers,
    "handbooks": lambda cache: papers.handbooks(cache, prose(cache)),
}
