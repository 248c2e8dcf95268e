"""Reading the recorded sequences: what a phone asks, and what it must be answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
FILES = sorted(FOLDER.glob("*.yaml"))
KEYS = {"who", "get", "post", "headers", "event", "after", "answer", "language"}
EVENTS = {"the phone joins": "old", "the phone leaves": "del"}
UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1)}


@dataclass(frozen=True)
class Exact:
    """An answer to the byte."""

    status: int
    type: str = ""
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One question. `answer` is a phrase of the README, or exact."""

    who: str
    method: str
    url: str
    headers: dict[str, str]
    event: str | None
    after: timedelta
    answer: str | Exact
    language: str | None


def read(path: Path) -> list[Step]:
    """Return the steps of a file."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(document) == {"system", "version", "source", "steps"}, path
    assert all(isinstance(document[key], str) for key in ("system", "version", "source")), path
    return [_step(each) for each in document["steps"]]


def _step(found: dict[str, Any]) -> Step:
    assert set(found) <= KEYS, f"unknown: {set(found) - KEYS}"
    method = "get" if "get" in found else "post"
    answer = found["answer"]
    return Step(
        who=found["who"],
        method=method.upper(),
        url=found[method],
        headers=found.get("headers", {}),
        event=EVENTS[found["event"]] if "event" in found else None,
        after=_time(found.get("after", "0 hours")),
        answer=answer if isinstance(answer, str) else Exact(**answer),
        language=found.get("language"),
    )


def _time(text: str) -> timedelta:
    number, unit = text.split()
    return int(number) * UNITS[unit]
