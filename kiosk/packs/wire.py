"""Numbers and texts of the binary parts of a route: uvarint, svarint, text.

Source: docs/formats/pack.md, "Numbers and texts" (LEB128). True always: a reader never takes more memory than the limit
it was given, whatever the bytes say, and refuses what is cut short.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kiosk.errors import FormatError

MOST_NUMBER_BYTES = 9


class Stream:
    """Bytes that come in pieces, read in whatever measure is asked for; `name` is what messages call it."""

    def __init__(self, pieces: Iterable[bytes], name: str) -> None:
        self.name = name
        self._pieces = iter(pieces)
        self._piece = b""
        self._at = 0

    def read(self, count: int) -> bytes:
        """Return exactly `count` bytes.

        Raises:
            FormatError: there are fewer.
        """
        if self._at + count <= len(self._piece):  # nearly always
            self._at += count
            return self._piece[self._at - count : self._at]
        return b"".join(self.chunks(count))

    def chunks(self, count: int) -> Iterator[bytes]:
        """Yield `count` bytes as they come, for what is too large to hold. Raises FormatError as `read`."""
        while count:
            if not self._more():
                raise FormatError(f"{self.name}: it ends too early")
            found = self._piece[self._at : self._at + count]
            self._at += len(found)
            count -= len(found)
            yield found

    def line(self, most: int) -> list[str]:
        """Read up to a line feed, at most `most` bytes, and return its NUL-separated parts.

        Raises:
            FormatError: it is longer, cut short, or not UTF-8.
        """
        out = b""
        while True:
            end = self._piece.find(b"\n", self._at)
            if end >= 0:
                out += self._piece[self._at : end]
                self._at = end + 1
                break
            out += self._piece[self._at :]
            self._at = len(self._piece)
            if len(out) > most or not self._more():
                raise FormatError(f"{self.name}: a line is cut short, or longer than {most} bytes")
        try:
            return out.decode().split("\0")
        except UnicodeDecodeError as error:
            raise FormatError(f"{self.name}: a line is not UTF-8") from error

    def up_to(self, count: int) -> bytes:
        """Return `count` bytes, or all that is left when that is less."""
        out = bytearray()
        while len(out) < count and self._more():
            found = self._piece[self._at : self._at + count - len(out)]
            self._at += len(found)
            out += found
        return bytes(out)

    def some(self) -> bytes:
        """Return what is at hand, at least one byte unless all was read."""
        if not self._more():
            return b""
        found = self._piece[self._at :]
        self._piece, self._at = b"", 0  # not held while it is worked on
        return found

    def at_end(self) -> bool:
        """Tell whether all was read."""
        return not self._more()

    def _more(self) -> bool:
        while self._at >= len(self._piece):
            self._piece, self._at = b"", 0  # not held while the next is made
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._piece = piece
        return True


def uvarint(number: int) -> bytes:
    """Return a number from 0 as LEB128."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def svarint(number: int) -> bytes:
    """Return a number of either sign: 0, -1, 1, -2, … as the uvarints 0, 1, 2, 3, …"""
    return uvarint(2 * number if number >= 0 else -2 * number - 1)


def text(data: bytes) -> bytes:
    """Return bytes with their number before them."""
    return uvarint(len(data)) + data


def read_uvarint(source: Stream, most: int = 2**62) -> int:
    """Read a uvarint of at most `most`.

    Raises:
        FormatError: it is larger, longer than 9 bytes, or cut short.
    """
    number = shift = 0
    for _ in range(MOST_NUMBER_BYTES):
        byte = source.read(1)[0]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number > most:
                raise FormatError(f"{source.name}: the number {number} is more than {most}, the most that can be here")
            return number
        shift += 7
    raise FormatError(f"{source.name}: a number is too long")


def read_svarint(source: Stream) -> int:
    """Read an svarint. Raises FormatError as `read_uvarint`."""
    number = read_uvarint(source)
    return number // 2 if number % 2 == 0 else -(number + 1) // 2


def read_text(source: Stream, most: int) -> bytes:
    """Read a text of at most `most` bytes. Raises FormatError when it is longer or cut short."""
    return source.read(read_uvarint(source, most))
