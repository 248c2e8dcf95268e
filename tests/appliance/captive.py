"""What phones ask by themselves on a hotspot, played over a real network: `tests/portal/captive/*.yaml`.

Owns: the asking, step by step, with curl as the phone, and the judging of what comes back over the wire:
`tests/portal/captive/` holds the portal to them, this holds the whole kiosk to them (names, the firewall's redirection,
the web server in front). What happens when it leaves, or on
the next day, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from tests.portal.captive.sequences import FOLDER, Exact, Step, read

FIRST = ("android-14", "ios-17", "windows-11")
"""The sequences of what most people have."""
ASK_SECONDS = 30
Runs = Callable[..., str]
"""Runs a command of a phone, as `Phone.run` does."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    heads: dict[str, str]
    body: str


def steps(name: str) -> list[Step]:
    """Return the steps of the file `name`.yaml, up to when the phone leaves, or a day passes."""
    first, *more = read(FOLDER / f"{name}.yaml")
    return [first, *takewhile(lambda step: not step.after and not step.event, more)]


def play(phone: Runs, sequence: Sequence[Step], portal: str) -> list[str]:
    """Ask all of a sequence of the portal at the address `portal`; return what was wrong, step by step."""
    told = ((step, judge(step, ask(phone, step, portal), portal)) for step in sequence)
    return [f"{step.who}: {step.method} {step.url}: {problem}" for step, problem in told if problem]


def ask(phone: Runs, step: Step, portal: str) -> Answer:
    """Have the phone ask as the step says; it follows nothing by itself."""
    url = {"welcome": f"{portal}/welcome", "portal": f"{portal}/"}.get(step.url, step.url)
    sent = {"User-Agent": "", "Accept": "", **step.headers}
    heads = [word for name, value in sent.items() for word in _head(name, value)]
    how = ["-s", "-i", "--http1.1", "--noproxy", "*", "--max-time", str(ASK_SECONDS), "-X", step.method]
    return parse(phone("curl", *how, *heads, url, check=False, seconds=ASK_SECONDS + 10))


def _head(name: str, value: str) -> tuple[str, str]:
    return ("-H", f"{name}: {value}" if value else f"{name}:")  # without a value: curl does not send its own


def parse(text: str) -> Answer:
    """Return an answer that curl printed; status 0 if there was none."""
    top, _, body = text.replace("\r\n", "\n").partition("\n\n")
    first, *lines = top.split("\n")
    status = re.match(r"HTTP/1\.[01] (\d+)", first)
    heads = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(status[1]) if status else 0, heads, body)


def judge(step: Step, answer: Answer, portal: str) -> str:
    """Return what is wrong with an answer, nothing if it is what the step wants."""
    wanted = step.answer
    if isinstance(wanted, Exact):
        return _exactly(wanted, answer)
    if wanted == "to the welcome page":
        place = answer.heads.get("location", "")
        ways = (f"{portal}/welcome", "/welcome" if step.method == "POST" else f"{portal}/welcome")
        right = answer.status == (302 if step.method == "GET" else 303) and place in ways
        return "" if right else f"{answer.status} to '{place}', not to the welcome page"
    if answer.status != 200 or not answer.heads.get("content-type", "").startswith("text/html"):
        return f"{answer.status} {answer.heads.get('content-type', '')}, not a page"
    return "" if wanted == "the portal" else _page(step, wanted, answer, portal)


def _exactly(wanted: Exact, answer: Answer) -> str:
    heads = {name: answer.heads.get(name.lower()) for name in wanted.headers}
    got = (answer.status, answer.heads.get("content-type", ""), answer.body, heads)
    right = (wanted.status, wanted.type, wanted.body.replace("\r\n", "\n"), wanted.headers)
    return "" if got == right else f"{got}, not {right}"


def _page(step: Step, wanted: str, answer: Answer, portal: str) -> str:
    kind, _, link = wanted.partition(", ")
    before = '<form class="in"' in answer.body
    if before != (kind == "the welcome page"):
        return f"the page {'before' if before else 'after'} OK, not {kind}"
    if (f'href="{portal}/"' in answer.body) != (link == "with a link"):
        return f"a page not {link}"
    if step.language and f'<html lang="{step.language}"' not in answer.body:
        return f"a page not in {step.language}"
    return ""
