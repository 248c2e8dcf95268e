"""What children may take while they read what phones sent, and that so many do and no more."""

from __future__ import annotations

import io
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from kiosk.errors import InvalidInput
from kiosk.host import bounded, conversion
from kiosk.host.bounded import Limits
from kiosk.host.conversion import Converter

ORDINARY = Limits(cpu_seconds=20, wall_seconds=60, memory_bytes=300_000_000, output_bytes=10_000)


def run(program: str, **limits: int) -> tuple[int, bytes]:
    return bounded.run([sys.executable, "-I", "-c", program], replace(ORDINARY, **limits))


def test_a_child_has_an_end_in_everything(tmp_path: Path) -> None:
    assert run("print('well')") == (0, b"well\n")
    assert run("while True: pass", cpu_seconds=1)[0] < 0
    assert run("import time; time.sleep(99)", wall_seconds=1)[0] == -signal.SIGKILL
    assert run("bytearray(400_000_000)")[0] == 1
    code, said = run("import sys; sys.stdout.buffer.write(bytes(50_000)); sys.stdout.flush()")
    assert code
    assert len(said) <= ORDINARY.output_bytes
    code, said = run("import os; print(os.nice(0) >= 10, len(os.environ), os.getsid(0) == os.getpid())")
    assert said == b"True 2 True\n"


def test_a_picture_of_more_dots_than_memory_is_too_large() -> None:
    bomb = io.BytesIO()
    Image.new("RGB", (10_000, 10_000)).save(bomb, "PNG")
    with pytest.raises(InvalidInput) as refusal:
        Converter().photo(bomb)
    assert refusal.value.message == "This is too large."


def test_nothing_of_what_was_sent_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out = io.BytesIO()
    Image.new("RGB", (90, 90)).save(out, "JPEG")
    Converter().photo(out)
    for act in (Converter().photo, Converter().voice):
        with pytest.raises(InvalidInput):
            act(io.BytesIO(b"no picture"))
    assert list(tmp_path.iterdir()) == []


def test_so_many_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "WAIT_SECONDS", 0.01)
    started, go_on = threading.Semaphore(0), threading.Event()

    def slow(*_words: object) -> tuple[int, bytes]:
        started.release()
        go_on.wait(60)
        return 1, b""

    monkeypatch.setattr(bounded, "run", slow)
    converter = Converter()

    def sends() -> None:
        with pytest.raises(InvalidInput):
            converter.photo(io.BytesIO(b"x"))

    busy = [threading.Thread(target=sends) for _ in range(conversion.AT_ONCE)]
    for each in busy:
        each.start()
        assert started.acquire(timeout=60)
    with pytest.raises(InvalidInput) as refusal:
        converter.photo(io.BytesIO(b"x"))
    assert "busy" in refusal.value.message
    go_on.set()
    for each in busy:
        each.join(60)
