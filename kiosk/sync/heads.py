"""The heads that channels name: from the card where they lie there already, otherwise from whichever mirror has them.

True always: a head is parsed only after its bytes were found to be those that were signed; one that lies on the card
whole is never fetched again; where a new head can not be had, the one that was named before is given instead, so that
its pack stays as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tuf.api.metadata import TargetFile

from kiosk.errors import FormatError, KioskError, MirrorError, TrustError
from kiosk.packs import head as forms
from kiosk.packs.head import Head
from kiosk.store.trust import NamedHead
from kiosk.sync.kept import Kept
from kiosk.sync.refusals import CHANGED
from kiosk.sync.source import Source


@dataclass(frozen=True)
class SignedHead:
    """A head as it was signed, and the name under which its channel lists it."""

    head: Head
    named: NamedHead

    @property
    def sha256(self) -> str:
        """The SHA-256 of its file."""
        return self.named.sha256

    @property
    def channel(self) -> str:
        """The channel that names it."""
        return self.named.channel


class Heads:
    """Gets heads from `sources`, in order.

    Args:
        kept: where they are kept.
        sources: whom to ask.
        before: pack -> the head that was named at the last refresh.
        wanted: the only packs that are wanted, or None for all.

    Attributes:
        good: how many were had of those that are named now.
        lost: what was wrong with those that were not.
        warnings: what was wrong with a mirror where another one helped.
    """

    def __init__(
        self, kept: Kept, sources: Sequence[Source], before: Mapping[str, NamedHead], wanted: frozenset[str] | None
    ) -> None:
        self._kept, self._sources, self._before, self._wanted = kept, sources, before, wanted
        self.good = 0
        self.lost: list[KioskError] = []
        self.warnings: list[KioskError] = []

    def named(self, channel: str, targets: Mapping[str, TargetFile]) -> Iterator[SignedHead]:
        """Yield the heads of a channel's targets.

        Raises:
            TrustError, MirrorError, FormatError: a head can not be had, nor the one before it.
        """
        for path, target in sorted(targets.items()):
            pack = path.removeprefix(f"{channel}/").removesuffix(".json")
            if self._wanted is not None and pack not in self._wanted:
                continue
            named = NamedHead(channel, pack, target.hashes.get("sha256", ""), target.length)
            try:
                head = self._had(named)
                self.good += 1
                yield head
            except (TrustError, MirrorError, FormatError) as error:
                self.lost.append(error)
                old = self._before.get(pack)
                if old and old.channel == channel:
                    yield self._had(old)

    def kept(self, channel: str) -> Iterator[SignedHead]:
        """Yield the heads that a channel named before.

        Raises:
            TrustError, MirrorError, FormatError: a head can not be had.
        """
        for pack, named in sorted(self._before.items()):
            if named.channel == channel and (self._wanted is None or pack in self._wanted):
                yield self._had(named)

    def _had(self, named: NamedHead) -> SignedHead:
        if not named.sha256 or named.size_bytes > forms.MOST_BYTES:
            told = f"{named.path}: {named.size_bytes:,} bytes, or no SHA-256: this can not be a head"
            raise TrustError(told, "tell the federation")
        data = self._kept.read(named.path)
        if data is None or not _is(data, named):
            data = self._fetched(named)
            self._kept.write(named.path, data)
        head = forms.parse(data, named.path)
        if head.pack != named.pack:
            raise TrustError(f"{named.path}: this head is of the pack '{head.pack}'", "tell the federation")
        return SignedHead(head, named)

    def _fetched(self, named: NamedHead) -> bytes:
        errors: list[KioskError] = []
        for source in self._sources:
            try:
                data = source.read(named.path, named.size_bytes)
                if _is(data, named):
                    self.warnings.extend(errors)
                    return data
                told = f"{source.name}/{named.path}: its bytes are not those that were signed"
                errors.append(TrustError(told, CHANGED))
            except (TrustError, MirrorError) as error:
                errors.append(error)
        raise next((each for each in errors if isinstance(each, TrustError)), errors[0])


def _is(data: bytes, named: NamedHead) -> bool:
    return len(data) == named.size_bytes and hashlib.sha256(data).hexdigest() == named.sha256
