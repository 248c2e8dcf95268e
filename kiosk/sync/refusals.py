"""How a refusal of signed metadata is told: in words, with the file at fault and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tuf.api.exceptions import (
    BadVersionNumberError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.serialization import DeserializationError

from kiosk.errors import TrustError

CHANGED = "the mirror is broken, or someone changed it; what is installed stays as it is"
ROLLED_BACK = "the mirror is out of date, or someone rolled it back"
REASONS: tuple[tuple[type[RepositoryError], str, str], ...] = (
    (DeserializationError, "it is not signed metadata", "is this the address of a repository?"),
    (UnsignedMetadataError, "its signature does not hold", "this is not what the federation published"),
    (BadVersionNumberError, "it is older than what was seen before", ROLLED_BACK),
    (ExpiredMetadataError, "it has expired", "the federation must sign again; is this kiosk's clock right?"),
    (LengthOrHashMismatchError, "its bytes are not those that were signed", CHANGED),
)


@contextmanager
def blamed(place: str, own: Mapping[type[RepositoryError], tuple[str, str]] | None = None) -> Iterator[None]:
    """Turn what the TUF library raises in the block into a TrustError about the file at `place`.

    Args:
        place: mirror and path.
        own: words that are better here than those of `REASONS`: kind of error -> what is wrong, and the hint.

    Raises:
        TrustError: the library refused.
    """
    try:
        yield
    except RepositoryError as error:
        reasons = [*((kind, *told) for kind, told in (own or {}).items()), *REASONS]
        wrong, hint = next(((wrong, hint) for kind, wrong, hint in reasons if isinstance(error, kind)), ("", CHANGED))
        raise TrustError(f"{place}: {wrong} ({error})" if wrong else f"{place}: {error}", hint) from error
