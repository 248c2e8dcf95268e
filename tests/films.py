"""Films for tests: one that plays, and bytes that look like some."""

from __future__ import annotations

from pathlib import Path

MP4 = (Path(__file__).parent / "media" / "film.mp4").read_bytes()
"""Two seconds of a test card, 64 x 48: H.264 without sound, its index first."""
WEBM = b"\x1aE\xdf\xa3" + bytes(100)
"""How a WebM begins; nothing to play."""
VTT = b"WEBVTT\n\n00:00.000 --> 00:01.000\nKaribu\n"


def late_index() -> bytes:
    """Return the film with its index behind its data, as cameras write it."""
    boxes = dict(_boxes(MP4))
    return boxes[b"ftyp"] + boxes[b"mdat"] + boxes[b"moov"]


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at : at + size]))
        at += size
    return found
