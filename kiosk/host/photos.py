"""Making a photo small: the program that does it, which runs as a child of the kiosk (see `conversion`).

True always: what it writes is a JPEG that Pillow drew from the picture's dots, upright, without anything else of the
file, so neither the place where it was taken nor what a stranger hid in it.

Run as `python -m kiosk.host.photos FROM TO SMALL`; prints width and height of the small one. Exit codes: see below.
"""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path

from PIL import Image, ImageOps

from kiosk.packs.attachments import MOST_PHOTO_BYTES, MOST_SMALL_BYTES

NO_PICTURE, TOO_LARGE = 3, 4
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
"""What phones send; each is drawn by a decoder that the browsers use too."""
MOST_PIXELS = 120_000_000
"""Of a picture as it comes; more is no photo."""
SIDE, SMALL_SIDE = 960, 240
"""The longer side in pixels: of the photo, and of the small one, which is twice what a page shows."""
QUALITIES = (80, 70, 60, 50, 40, 30)


def main(source: Path, to: Path, small: Path) -> int:
    """Write the photo and the small one; return the exit code."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow warns at it and refuses at twice as much
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    try:
        photo = _drawn(source)
    except (Image.DecompressionBombError, MemoryError):
        return TOO_LARGE
    except Exception:  # noqa: BLE001 - decoders raise whatever a broken file leads them to
        return NO_PICTURE
    to.write_bytes(_jpeg(photo, SIDE, MOST_PHOTO_BYTES))
    photo.thumbnail((SMALL_SIDE, SMALL_SIDE))
    small.write_bytes(_jpeg(photo, SMALL_SIDE, MOST_SMALL_BYTES))
    print(photo.width, photo.height)
    return 0


def _drawn(source: Path) -> Image.Image:
    with Image.open(source, formats=FORMATS) as opened:
        opened.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG is decoded no larger than it is needed
        opened.load()
        opened.thumbnail((SIDE, SIDE))
        upright = ImageOps.exif_transpose(opened)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        whole = upright.convert("RGBA")
        paper = Image.new("RGBA", whole.size, "white")
        paper.alpha_composite(whole)
        upright = paper
    photo = upright.convert("RGB")
    photo.info.clear()  # Pillow would write a comment of the file into ours
    return photo


def _jpeg(photo: Image.Image, side: int, most_bytes: int) -> bytes:
    # A picture that is nothing but detail is made smaller until it fits; sixteen dots always do.
    while True:
        for quality in QUALITIES:
            out = io.BytesIO()
            photo.save(out, "JPEG", quality=quality, optimize=True)
            if out.tell() <= most_bytes:
                return out.getvalue()
        side = max(side * 3 // 4, 16)
        photo = photo.copy()
        photo.thumbnail((side, side))


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:4])))
