"""What a kiosk has said is kept, when it said so, and whether a disk after a cut keeps the word.

Of each thing (a message, a paper) all states are known that were sent, in order, "" for one that was taken away, each
with the position of the log at which the kiosk's answer was read. After a cut the thing is as the last answer before
the cut says, or as one that was sent after it: never older, never anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

NEVER = 1 << 60
MARKS = re.compile(r"(begin|end)-([\w-]+)")


@dataclass
class Thing:
    """The states of a thing that were sent, each with the position at which it was acknowledged."""

    states: list[str] = field(default_factory=list)
    kept_at: list[int] = field(default_factory=list)

    def allowed(self, cut: int) -> set[str]:
        """Return what it may be after a cut; "" is: not there."""
        last = max((number for number, at in enumerate(self.kept_at) if at <= cut), default=-1)
        return set(self.states[max(last, 0) :]) | ({""} if last < 0 else set())

    def is_promised(self, cut: int) -> bool:
        """Whether anything of it was acknowledged before the cut."""
        return any(at <= cut for at in self.kept_at)


@dataclass(frozen=True)
class Seen:
    """What a phone saw after the answer: a page that is there, or a photo with these very bytes."""

    key: str
    path: str
    sha256: str
    at: int


@dataclass(frozen=True)
class Here:
    """How much of a file on its way the kiosk has said to have."""

    key: str
    here: int
    digest: str
    size: int
    at: int


@dataclass
class Promises:
    """All that was said during a run."""

    things: dict[str, Thing] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    here: list[Here] = field(default_factory=list)
    releases: list[tuple[str, int]] = field(default_factory=list)
    """The title of the notice of each release, and where the log was when its sync had ended well."""
    failed: list[dict[str, Any]] = field(default_factory=list)
    begun: int = 0

    def note(self, at: int, said: dict[str, Any]) -> None:
        """Take a line of `visitors.py`, and the position of the log when it was read."""
        match said.pop("does"):
            case "begun":
                self.begun = at
            case "sends":
                thing = self.things.setdefault(said["key"], Thing())
                thing.states.append(said["state"])
                thing.kept_at.append(NEVER)
            case "kept":
                thing = self.things[said["key"]]
                thing.kept_at[thing.states.index(said["state"])] = at
            case "seen":
                self.seen.append(Seen(at=at, **said))
            case "here":
                self.here.append(Here(at=at, **said))
            case _:
                self.failed.append(said)

    def asked(self, cut: int) -> dict[str, Any]:
        """Return what to look at after a cut."""
        pages = {"/", "/notices", "/board", "/documents"}
        pages |= {each.path for each in self.seen if each.sha256 and each.at <= cut}
        pages |= {each.path for each in self.seen if not each.sha256 and self.things[each.key].is_promised(cut)}
        waiting = {each.key: each for each in self.here if each.at <= cut}
        unfinished = [each for each in waiting.values() if not self.things.get(each.key, Thing()).is_promised(cut)]
        return {"pages": sorted(pages), "uploads": [(each.key, each.digest, each.size) for each in unfinished]}

    def broken(self, cut: int, answer: dict[str, Any]) -> list[str]:
        """Return what is not as it was promised, in what `visitors.py` saw after a cut."""
        pages = answer["pages"]
        wrong = [f"{path}: {status}" for path, (status, *_) in pages.items() if status not in (200, 404)]
        text = "\n".join(page[2] for page in pages.values()).replace("&#39;", "'")
        wrong += _half(text)
        papers = {title.removeprefix("Paper "): sha256 for title, sha256 in answer["papers"].items()}
        for key, thing in self.things.items():
            there = papers.get(key, "") if key.startswith("paper") else _message(text, key)
            if there not in thing.allowed(cut):
                wrong.append(f"{key}: {there[:80]!r} is there")
        wrong += [f"{key} is a paper that nobody sent" for key in papers if key not in self.things]
        wrong += self._photos(cut, pages) + self._pieces(cut, answer["here"], set(papers)) + self._news(cut, pages)
        return wrong

    def _photos(self, cut: int, pages: dict[str, list[Any]]) -> list[str]:
        wrong = []
        for each in self.seen:
            if each.sha256 and each.at <= cut and "" not in self.things[each.key].states:
                status, sha256, _ = pages[each.path]
                wrong += [] if (status, sha256) == (200, each.sha256) else [f"{each.path}: {status} {sha256}"]
        return wrong

    def _pieces(self, cut: int, there: dict[str, int], papers: set[str]) -> list[str]:
        # Of one that has become a paper nothing is on its way any more.
        said = {each.key: each.here for each in self.here if each.at <= cut}
        return [
            f"{key}: {here} instead of {said[key]} bytes"
            for key, here in there.items()
            if here < said[key] and key not in papers
        ]

    def _news(self, cut: int, pages: dict[str, list[Any]]) -> list[str]:
        shown = pages["/notices"][2]
        titles = [title for title, _ in self.releases]
        last = max((number for number, (_, at) in enumerate(self.releases) if at <= cut), default=-1)
        there = [number for number, title in enumerate(titles) if title in shown]
        if len(there) > 1 or (there and there[0] < last) or (last >= 0 and not there):
            return [f"notices: {there} of the releases, {last} was installed"]
        return []

    def count(self) -> dict[str, int]:
        """Return how many promises of each kind there are."""
        kept = [(key, at) for key, thing in self.things.items() for at in thing.kept_at if at != NEVER]
        return {
            "messages": sum(not key.startswith("paper") for key, _ in kept),
            "photos": sum(bool(each.sha256) for each in self.seen),
            "pieces": len(self.here),
            "papers": sum(key.startswith("paper") for key, _ in kept),
            "releases": sum(at != NEVER for _, at in self.releases),
        }  # fmt: skip


def _half(text: str) -> list[str]:
    begun, ended = ([key for mark, key in MARKS.findall(text) if mark == wanted] for wanted in ("begin", "end"))
    return [f"half of {key} is shown" for key in set(begun) ^ set(ended)]


def _message(text: str, key: str) -> str:
    for shown in (f"{key}-changed", key):
        if found := re.search(rf"begin-{shown} [\w ]* end-{shown}(?![\w-])", text):
            return found[0]
    return ""
