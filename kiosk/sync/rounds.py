"""Rounds: filling a part from several mirrors, none of which can be relied on.

Owns: who is asked, in which order, and when it ends. True always: a mirror is kept to while its tries bring anything
and left when one brings nothing; who gave wrong bytes is asked last; after a round that brought nothing the pause
doubles; only when all that have the file were wrong about it, again and again, is it a matter of trust.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kiosk.errors import MirrorError, TrustError
from kiosk.sync.mirrors import FileMissing, Mirror, RangeIgnored
from kiosk.sync.parts import Part, WrongBytes

MOST_WRONG = 3
"""How often in a row a mirror may be wrong about a blob: links flip bytes, so the first time proves no ill will."""
MOST_SKIPS = 2
"""How often what is there already may be read again from a mirror that knows no ranges."""
FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 1.0, 60.0

Meter = Callable[[Mirror, int], None]
"""Told (whose, how many) of body bytes when they are in `parts/`; may wait, or raise to stop (but no MirrorError)."""


@dataclass(frozen=True)
class Source:
    """Where the bytes of a blob lie: at `offset` of the file `path` of a mirror."""

    mirror: Mirror
    path: str
    offset: int = 0


@dataclass(frozen=True)
class Repute:
    """What a fetcher has learned of its mirrors, by name: how often wrong, and how often in a row without a byte."""

    wrong: Counter[str] = field(default_factory=Counter)
    silent: Counter[str] = field(default_factory=Counter)

    def rank(self, mirror: Mirror) -> tuple[int, bool]:
        """Return what to sort by: who was wrong comes last, and who was silent twice in a row."""
        return self.wrong[mirror.name], self.silent[mirror.name] > 1


@dataclass
class Job:
    """One file being filled: who was found to lack it, to be wrong about it, or to know no ranges."""

    part: Part
    sources: Sequence[Source]
    what: str
    repute: Repute
    meter: Meter
    rounds: int
    pause: Callable[[float], None]
    lacking: set[str] = field(default_factory=set)
    wrong: Counter[str] = field(default_factory=Counter)
    rangeless: Counter[str] = field(default_factory=Counter)
    alone: bool = False
    last: MirrorError | None = None
    verified: int = 0

    def fill(self) -> None:
        """Go round the sources until nothing is missing."""
        fruitless = 0
        while self.part.gaps:
            before = self.part.done_bytes
            self._round()
            if not self.part.gaps:
                return
            fruitless = 0 if self.part.done_bytes > before else fruitless + 1
            if fruitless >= self.rounds:
                raise self.last or MirrorError(f"{self.what}: no mirror gives it", "try again later")
            self._wait(fruitless)

    def blame(self, givers: frozenset[str]) -> None:
        """Note who gave wrong bytes. Who gave them together with others is asked for the whole leaf, alone."""
        self.wrong.update(givers)
        if len(givers) == 1:
            self.repute.wrong.update(givers)
        else:
            self.alone = True

    def _round(self) -> None:
        before = self.part.done_bytes
        for source in self._candidates():
            if source.mirror.name not in self.rangeless:
                self._stay(source)
        if not self.part.gaps or self.part.done_bytes > before:
            return
        for source in self._candidates():  # nothing else is left
            name = source.mirror.name
            if 0 < self.rangeless[name] <= MOST_SKIPS and source.offset == 0:
                self.rangeless[name] += 1
                self._stay(source, skip=True)
                if self.part.done_bytes > before:
                    self.rangeless[name] = 1

    def _candidates(self) -> list[Source]:
        there = [source for source in self.sources if source.mirror.name not in self.lacking]
        if not there:
            raise FileMissing(f"{self.what}: no mirror has it ({_names(self.sources)})", "is the mirror whole?")
        able = [source for source in there if self.wrong[source.mirror.name] < MOST_WRONG]
        if not able:
            raise TrustError(
                f"{_names(there)}: {self.what}: its bytes are not those that were signed",
                "the mirror is broken, or someone changed it; what is installed stays as it is",
            )
        return sorted(able, key=self._rank)

    def _rank(self, source: Source) -> tuple[bool, int, bool]:
        return (self.alone and not self.part.belongs_to(source.mirror.name), *self.repute.rank(source.mirror))

    def _stay(self, source: Source, *, skip: bool = False) -> None:
        """Take from one source until all is there, or a try brings nothing, or wrong bytes."""
        name = source.mirror.name
        while self.part.gaps:
            before = self.part.done_bytes
            try:
                self._take(source, skip=skip)
            except FileMissing as error:
                self.lacking.add(name)
                self.last = error
                return
            except RangeIgnored as error:
                self.rangeless[name] = 1
                self.last = error
                return
            except WrongBytes as wrong:
                self.blame(wrong.givers)
                return
            except MirrorError as error:
                self.last = error
            brought = self.part.done_bytes > before
            self.repute.silent[name] = 0 if brought else self.repute.silent[name] + 1
            if skip or not brought:
                return
            if self.part.gaps:
                self._wait(0)

    def _take(self, source: Source, *, skip: bool) -> None:
        if self.alone and not self.part.belongs_to(source.mirror.name):
            self.part.rewind()
        while self.part.gaps:
            start, end = self.part.gaps[0]
            passed = start if skip else 0
            for piece in source.mirror.read(source.path, source.offset + start - passed, source.offset + end):
                try:
                    self.part.write(piece[passed:], source.mirror.name)
                finally:
                    self.meter(source.mirror, len(piece))
                passed = max(0, passed - len(piece))
                self._praise()
            if self.part.gaps and self.part.gaps[0][0] < end:
                raise MirrorError(f"{source.mirror.name}/{source.path}: ended too early", "try again later")

    def _praise(self) -> None:
        if self.part.verified > self.verified:  # a leaf was right: what went wrong before was the link
            self.verified = self.part.verified
            self.wrong.clear()

    def _wait(self, fruitless: int) -> None:
        most = min(MOST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**fruitless)
        self.pause(most * random.uniform(0.5, 1.5))  # noqa: S311 - spreads kiosks over time, guards nothing


def _names(sources: Sequence[Source]) -> str:
    return ", ".join(source.mirror.name for source in sources)
