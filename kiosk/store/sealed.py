"""Sealed files: what only the recovery key opens, in the age format (age-encryption.org/v1).

Owns: how a recovery key is made, written for people, and read as they typed it. True always: the kiosk itself keeps
only the public half, the recipient; a stream that was changed or cut is told as such; memory does not grow with what
goes through.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from pyrage import DecryptError, EncryptError, IdentityError, RecipientError, decrypt_io, encrypt_io, x25519

from kiosk.errors import FormatError, InvalidInput, StoreError

PREFIX = "AGE-SECRET-KEY-1"
KEY_LETTERS = 58
MOST_TYPED = 400
"""Longest text that is read as a key: there may be spaces and line ends in it."""


def new_key() -> tuple[str, str]:
    """Return a new recovery key, and the recipient that the kiosk keeps of it."""
    made = x25519.Identity.generate()
    return str(made), str(made.to_public())


def grouped(key: str) -> str:
    """Return the part of a key that has to be typed, in groups of four."""
    letters = key.removeprefix(PREFIX)
    return " ".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def read_key(typed: str) -> str:
    """Return the recovery key that somebody typed or pasted: spaces, small letters and its beginning do not matter.

    Raises:
        InvalidInput: it is none; mistyped letters are found by the key's own checksum.
    """
    letters = re.sub(r"\s", "", typed[:MOST_TYPED]).upper().removeprefix(PREFIX)
    key = f"{PREFIX}{letters}"
    try:
        x25519.Identity.from_str(key)
    except IdentityError as error:
        raise InvalidInput("This is not a recovery key. Please compare it letter by letter.", "key") from error
    return key


def seal(pieces: Iterable[bytes], out: BinaryIO, recipient: str) -> None:
    """Write bytes to `out`, sealed for a recipient; they are asked for as they are needed.

    Raises:
        StoreError: the recipient is none. What `pieces` and `out` raise goes on.
    """
    try:
        to = x25519.Recipient.from_str(recipient)
    except RecipientError as error:
        raise StoreError("the kiosk's half of the recovery key can not be read", "make a new recovery key") from error
    source, sink = _Source(iter(pieces)), _Sink(out)
    try:
        encrypt_io(source, sink, [to])
    except EncryptError as error:  # tells in its words what went wrong on one of the two sides
        raise (source.failed or sink.failed or error) from error


class _Source:
    """Pieces of bytes as a file to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")
        self.failed: Exception | None = None

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, none at the end."""
        while not self._left:
            try:
                piece = next(self._pieces, None)
            except Exception as error:
                self.failed = error
                raise
            if piece is None:
                return b""
            self._left = memoryview(piece)
        some, self._left = self._left[:size], self._left[size:]
        return bytes(some)


class _Sink:
    """A file to write to that remembers why it could not be written."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.failed: Exception | None = None

    def write(self, data: bytes) -> int:
        """Write and return how many bytes were taken."""
        try:
            return self._out.write(data)
        except OSError as error:
            self.failed = error
            raise

    def flush(self) -> None:
        """Write what waits."""
        self._out.flush()


@contextmanager
def opened(file: BinaryIO, key: str) -> Iterator[BinaryIO]:
    """Yield what a sealed file holds, as a stream. Whoever reads to the end knows by the lack of an error that nothing
    was changed or cut; who stops before knows it of what was read.

    Raises:
        InvalidInput: the key does not open it.
        FormatError: it is no sealed file, damaged, or not whole.
    """
    source, sink = os.pipe()
    failed: list[Exception] = []
    worker = threading.Thread(target=_pour, args=(file, sink, key, failed), daemon=True)
    with os.fdopen(source, "rb") as stream:
        worker.start()
        try:
            yield stream
        except FormatError:
            stream.close()
            _end(worker, failed)  # what the reader took for an odd file may have been the wrong key
            raise
    # Whatever the reader left unread ends the writer here, and is no failure.
    _end(worker, failed)


def _end(worker: threading.Thread, failed: list[Exception]) -> None:
    worker.join()
    if failed and not isinstance(failed[0], BrokenPipeError):
        raise _told(failed[0])


def _pour(file: BinaryIO, sink: int, key: str, failed: list[Exception]) -> None:
    try:
        with os.fdopen(sink, "wb") as pipe:
            decrypt_io(file, pipe, [x25519.Identity.from_str(key)])
    except (DecryptError, OSError) as error:
        failed.append(error)


def _told(error: Exception) -> FormatError | InvalidInput:
    if isinstance(error, DecryptError) and "matching keys" in str(error):
        return InvalidInput("This recovery key does not open this file.", "key")
    return FormatError("the backup is damaged or not whole", "take another one")
