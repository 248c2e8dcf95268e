"""Making what phones send fit to be kept and shown: photos by Pillow, sounds by Debian's ffmpeg.

Owns: from the bytes of a stranger to `Photo` and `Voice`. True always: they are read by children alone, whose time,
memory and output have an end (see `bounded`); so many at once and no more; nothing of them stays on the disk.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kiosk.errors import InvalidInput
from kiosk.host import bounded, photos
from kiosk.host.bounded import Limits
from kiosk.packs.attachments import MOST_SECONDS, Photo, Voice

AT_ONCE = 2
"""The other workers of the portal go on answering meanwhile."""
WAIT_SECONDS = 20
"""How long one waits for its turn."""
PHOTO = Limits(cpu_seconds=20, wall_seconds=40, memory_bytes=320_000_000, output_bytes=1_000_000)
VOICE = Limits(cpu_seconds=30, wall_seconds=60, memory_bytes=512_000_000, output_bytes=2_000_000)
SOUNDS = "mov,matroska,ogg,mp3,aac,amr,wav,flac,caf"
"""Kinds of files, as ffmpeg calls them, in which phones and computers keep sound; no lists of other files."""
BITS_A_SECOND, SAMPLES_A_SECOND = 32_000, 24_000
"""Speech, in the one kind of sound that every phone plays: MP3, one channel, always the same rate."""
LEAST_BYTES = BITS_A_SECOND // 8 // 4
"""A quarter of a second: less is nothing that anyone said."""


class Converter:
    """Turns what was sent into what is kept."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def hears(self) -> bool:
        """Tell whether sounds can be turned: ffmpeg is on this machine."""
        return shutil.which("ffmpeg") is not None

    def photo(self, sent: IO[bytes]) -> Photo:
        """Return a photo made small.

        Raises:
            InvalidInput: it is no picture, or has too many dots; or too many are being made.
        """
        with self._turn("photo"), _copied(sent) as source:
            to, small = (source.with_name(name) for name in ("photo", "small"))
            command = (sys.executable, "-I", "-m", "kiosk.host.photos", source, to, small)
            code, said = bounded.run(command, PHOTO)
            if code == photos.TOO_LARGE:
                raise InvalidInput("This is too large.", "photo")
            if code:
                raise InvalidInput("This is not a picture that the kiosk can read.", "photo")
            width, height = map(int, said.split())
            return Photo(to.read_bytes(), small.read_bytes(), width, height)

    def voice(self, sent: IO[bytes]) -> Voice:
        """Return a sound as MP3.

        Raises:
            InvalidInput: it is no sound, or too long; or too many are being made.
        """
        with self._turn("voice"), _copied(sent) as source:
            to = source.with_name("voice")
            code, _ = bounded.run(_ffmpeg(source, to), VOICE)
            data = to.read_bytes() if code == 0 and to.is_file() else b""
        if len(data) < LEAST_BYTES:
            raise InvalidInput("This is not a sound that the kiosk can play.", "voice")
        seconds = len(data) * 8 // BITS_A_SECOND
        if seconds > MOST_SECONDS:
            raise InvalidInput("A voice note is at most 3 minutes long.", "voice")
        return Voice(data, max(1, seconds))

    @contextmanager
    def _turn(self, field: str) -> Iterator[None]:
        if not self._places.acquire(timeout=WAIT_SECONDS):
            raise InvalidInput("The kiosk is busy. Please send it again.", field)
        try:
            yield
        finally:
            self._places.release()


def _ffmpeg(source: Path, to: Path) -> tuple[str | Path, ...]:
    return (
        "ffmpeg", "-nostdin", "-v", "quiet", "-threads", "1",
        "-protocol_whitelist", "file", "-format_whitelist", SOUNDS, "-i", f"file:{source}",
        "-map", "0:a:0", "-map_metadata", "-1", "-map_chapters", "-1", "-t", str(MOST_SECONDS + 2),
        "-ac", "1", "-ar", str(SAMPLES_A_SECOND), "-c:a", "libmp3lame", "-b:a", str(BITS_A_SECOND), "-threads", "1",
        "-write_xing", "0", "-id3v2_version", "0", "-fflags", "+bitexact", "-f", "mp3", f"file:{to}",
    )  # fmt: skip


@contextmanager
def _copied(sent: IO[bytes]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="kiosk-") as folder:
        source = Path(folder) / "sent"
        with source.open("wb") as file:
            sent.seek(0)
            shutil.copyfileobj(sent, file)
        yield source
