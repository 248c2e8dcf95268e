"""The one tree of errors, sorted by who must act.

Every error has a message that names the thing at fault (file, place, value) and may have a hint that says what to do.
They are raised inside and shown at three edges only: the exit code of a command, the error page of a site, and the
event that a sync leaves behind.
"""

from __future__ import annotations

from typing import Any


class KioskError(Exception):
    """Something went wrong in a way that was foreseen.

    Args:
        message: what is wrong, naming the file or value; one sentence, no full stop needed.
        hint: what the reader can do about it, or None.
        detail: the same for scripts and logs, as JSON values; most errors have none.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None, detail: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail or {}


class ConfigError(KioskError):
    """The configuration or the command line is wrong: who set the kiosk up must act."""

    exit_code = 2


class FormatError(KioskError):
    """A recipe, pack or book is not of the form it must have: the publisher must act."""

    exit_code = 3


class TrustError(KioskError):
    """Signature, roll-back, expiry or integrity: nobody may "try anyway"."""

    exit_code = 4


class MirrorError(KioskError):
    """A mirror can not be reached or does not have what it should: try another, or later."""

    exit_code = 5


class StoreError(KioskError):
    """The kiosk's own memory can not do what was asked."""

    exit_code = 6


class NotFound(StoreError):
    """No such row or file."""


class Conflict(StoreError):
    """It exists already, or someone else is at it."""


class NoSpace(StoreError):
    """The card is full, or would be."""


class HostError(KioskError):
    """The machine: a program that is missing, a port that is taken, a process that died."""

    exit_code = 7


class BudgetSpent(KioskError):
    """Nothing is wrong: the data budget, its hours, the link's rule or a pause say "not now". What came so far stays.

    Its detail is the reason as a key, when it goes on, and figures (see `store.reasons`).
    """

    exit_code = 9


class InvalidInput(KioskError):
    """What a person typed into a form can not be taken.

    Args:
        message: a translatable sentence (a message id of the catalogues).
        field: the name of the form's field, or "" for the form as a whole.
    """

    exit_code = 8

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message, detail={"field": field} if field else None)
        self.field = field
