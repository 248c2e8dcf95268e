"""What a post carries besides words, ready to be kept: photos, and a voice note.

True always: these bytes were made here from what was sent; nothing of the file as it came is in them.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST_PHOTOS = 3
MOST_SECONDS = 180
"""Of a voice note."""
MOST_PHOTO_BYTES, MOST_SMALL_BYTES = 60_000, 12_000
"""Of a photo as it is opened, and as it stands in a thread."""


@dataclass(frozen=True)
class Photo:
    """A photo as JPEG, upright: as it is opened, and as it stands in a thread, of that width and height in pixels."""

    data: bytes
    small: bytes
    width: int
    height: int


@dataclass(frozen=True)
class Voice:
    """A voice note as MP3, and how long it is."""

    data: bytes
    seconds: int


@dataclass(frozen=True)
class Carried:
    """All that one post carries."""

    photos: tuple[Photo, ...] = ()
    voice: Voice | None = None

    def __bool__(self) -> bool:
        return bool(self.photos or self.voice)


NOTHING = Carried()
