"""What an error of the card or the machine means to whoever reads how a sync ended."""

from __future__ import annotations

import errno

from kiosk.errors import HostError, KioskError, NoSpace


def told(error: KioskError | OSError) -> KioskError:
    """Return an error as one that was foreseen, with what to do."""
    if isinstance(error, KioskError):
        return error
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(f"the card is full ({error.filename or 'while writing'})", "make room and sync again")
    return HostError(f"{error.filename or 'the card'}: {error.strerror or error}", "is the card in order?")
