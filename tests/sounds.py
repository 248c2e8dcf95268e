"""Recordings for tests: silence, in the two forms that are taken."""

from __future__ import annotations

FRAME = bytes.fromhex("fffb10c4") + bytes(100)
"""An MP3 frame of silence: 32 kbit/s, 44.1 kHz, one channel, 26 ms."""
M4A = b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00M4A mp42" + bytes(100)
"""How an M4A begins; nothing to play."""


def silence(seconds: float = 1) -> bytes:
    """Return an MP3 that plays silence."""
    return FRAME * max(1, round(seconds * 44100 / 1152))
