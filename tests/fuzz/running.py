"""How long a site is tried, and with which seeds: some that never change, then new ones; each is printed.

`FUZZ_SECONDS` changes how long each site is tried; `FUZZ_SEED=17,18` tries these seeds alone, to do again what a run
has found.
"""

from __future__ import annotations

import itertools
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.judge import Judge
from tests.fuzz.scene import kiosk
from tests.fuzz.scripts import SCRIPTS, Script
from tests.fuzz.walker import SAFE, Walker

SECONDS = 60
"""For each of the two sites, with what comes before the random part; of that there is half as much at least."""
SEEDS = (1, 2, 3)
SCRIPTS_A_SEED = 30
"""After these everything is put back."""


def tried(folder: Path, site: str) -> Walker:
    """Try a site of a kiosk below `folder` for as long as it should be; hold that nothing was found."""
    seconds = float(os.environ.get("FUZZ_SECONDS", SECONDS))
    with kiosk(folder) as scene:
        app = scene.portal if site == "portal" else scene.console
        judge = Judge(app, secret=site == "console", elsewhere=(scene.config.portal.url, scene.config.library.url))
        began = time.monotonic()
        walker = Walker(app, site, scene.sites[site], judge)
        for role in walker.roles:
            walker.explore(role, scene.restore)
        scene.restore()
        print(f"{site}: explored, {judge.codes.total()} requests, {time.monotonic() - began:.1f} s", flush=True)
        ends = time.monotonic() + seconds
        for number in _seeds():
            if time.monotonic() > ends:
                break
            print(f"{site}: FUZZ_SEED={number}", flush=True)
            _draw(number, lambda script: walker.follow(script) if time.monotonic() < ends else None)
            scene.restore()
    unsafe = {rule.endpoint for rule in walker.rules if not SAFE.issuperset(rule.methods or ())}
    print(f"{site}: {judge.codes.total()} requests, {dict(sorted(judge.codes.items()))}")
    print(f"{site}: never taken: {sorted(each for each in unsafe if not walker.taken[each])}")
    assert {each for each in unsafe if not walker.sent[each]} == set()
    assert not judge.findings, judge.told()
    return walker


def _seeds() -> Iterator[int]:
    if wanted := os.environ.get("FUZZ_SEED"):
        return iter([int(each) for each in wanted.split(",")])
    return itertools.chain(SEEDS, (secrets.randbelow(2**31) for _ in itertools.count()))


def _draw(number: int, follow: Callable[[Script], None]) -> None:
    # Nothing is made smaller: what a script does hangs on what those before it did.
    quiet = settings(
        max_examples=SCRIPTS_A_SEED, phases=(Phase.generate,), database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    seed(number)(quiet(given(SCRIPTS)(follow)))()
