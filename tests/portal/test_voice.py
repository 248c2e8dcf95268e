"""Voice notes on the board: what every phone plays, of whatever a phone recorded, and refusals in words."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.portal.test_attachments import PLACE, conn, links, post, sound, state
from tests.portal.test_board import GOOD

__all__ = ["conn", "state"]


def told(data: bytes, folder: Path) -> str:
    """What ffprobe says of a sound: codec, rate, channels, seconds, and all tags."""
    path = folder / "told"
    path.write_bytes(data)
    shown = "stream=codec_name,sample_rate,channels:format=duration:format_tags:stream_tags"
    command = ["ffprobe", "-v", "error", "-show_entries", shown, "-of", "compact", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("ending", "more"),
    [
        ("m4a", ()),
        ("3gp", ("-c:a", "aac", "-ar", "16000", "-ac", "1")),
        ("ogg", ("-c:a", "libopus")),
        ("webm", ("-c:a", "libopus")),
        ("wav", ()),
        ("mp3", ()),
    ],
)
def test_what_phones_record_becomes_what_every_phone_plays(
    visitor: FlaskClient, state_folder: Path, tmp_path: Path, ending: str, more: tuple[str, ...]
) -> None:
    sent = sound(tmp_path, ending, 4, *more)
    assert post(visitor, "/board/new", ("voice", sent), **GOOD)[0] == 303
    (address,) = links(visitor)
    assert f'<audio controls preload="none" src="{address}">' in visitor.get("/board/1").text
    with visitor.get(address) as answer:
        assert answer.mimetype == "audio/mpeg"
        assert len(answer.data) < 20_000
        about = told(answer.data, tmp_path)
        assert PLACE.encode() not in answer.data
    assert "codec_name=mp3|sample_rate=24000|channels=1" in about
    assert "duration=4." in about
    assert "tag:" not in about
    with visitor.get(address, headers={"Range": "bytes=100-199"}) as answer:
        assert (answer.status_code, len(answer.data)) == (206, 100)


@pytest.fixture
def state_folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_a_voice_note_alone_is_a_message(visitor: FlaskClient, tmp_path: Path) -> None:
    post(visitor, "/board/new", **GOOD)
    sent = sound(tmp_path)
    assert post(visitor, "/board/1", ("voice", sent), author="Juma", body="")[:2] == (303, "/board/1#post-2")
    assert len(links(visitor)) == 1


def test_what_is_no_sound_is_told_and_the_words_stay(visitor: FlaskClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(sound(tmp_path, "wav"))
    lists = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    concat = f"ffconcat version 1.0\nfile {secret}\n"
    silent = tmp_path / "silent.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=s=32x32:d=1", str(silent)], check=True
    )  # a film without sound
    bad = (b"", sound(tmp_path)[:2000], lists.encode(), concat.encode(), silent.read_bytes())
    for sent in bad:
        page = post(visitor, "/board/new", ("voice", sent), **GOOD)
        assert page[0] == 422
        assert 'id="p-voice" role="alert">This is not a sound' in page[2]
        assert "Come and see." in page[2]
    assert "Nobody has written yet" in visitor.get("/board").text


def test_a_torn_recording_is_kept_as_far_as_it_goes(visitor: FlaskClient, tmp_path: Path) -> None:
    whole = sound(tmp_path, "mp3", 20)
    assert post(visitor, "/board/new", ("voice", whole[: len(whole) // 2]), **GOOD)[0] == 303
    with visitor.get(links(visitor)[0]) as answer:
        assert "duration=10." in told(answer.data, tmp_path).replace("duration=9.", "duration=10.")


def test_one_speaks_for_three_minutes_at_most(visitor: FlaskClient, tmp_path: Path) -> None:
    page = post(visitor, "/board/new", ("voice", sound(tmp_path, "mp3", 200)), **GOOD)
    assert (page[0], "at most 3 minutes" in page[2]) == (422, True)
    assert post(visitor, "/board/new", ("voice", sound(tmp_path, "mp3", 179)), **GOOD)[0] == 303


def test_without_ffmpeg_the_board_takes_photos_alone(
    visitor: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = sound(tmp_path)
    (tmp_path / "bin").mkdir()
    for program in ("setpriv", "nice", "prlimit"):
        (tmp_path / "bin" / program).symlink_to(
            next(p for p in ("/usr/bin", "/bin") if os.access(f"{p}/{program}", 1)) + f"/{program}"
        )
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    page = visitor.get("/board/new").text
    assert 'name="photo"' in page
    assert 'name="voice"' not in page
    assert post(visitor, "/board/new", ("voice", sent), **GOOD)[0] == 303
    assert links(visitor) == []
