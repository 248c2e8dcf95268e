"""Recordings of speech: the two forms that every phone plays, and how their bytes begin.

Pure.
"""

from __future__ import annotations

ENDINGS = {"audio/mpeg": ".mp3", "audio/mp4": ".m4a"}
"""Ending by media type."""
START_BYTES = 12
"""How many bytes `type_of` must see."""


def type_of(start: bytes) -> str | None:
    """Return the media type of a recording by its first bytes, None if it is neither MP3 nor M4A."""
    if start[4:8] == b"ftyp":
        return "audio/mp4"
    # A tag, or a frame: eleven bits set, and layer III.
    is_frame = len(start) > 1 and start[0] == 0xFF and start[1] & 0xE6 == 0xE2
    return "audio/mpeg" if start.startswith(b"ID3") or is_frame else None
