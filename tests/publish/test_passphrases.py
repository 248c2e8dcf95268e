"""Private keys with a passphrase: locked on the stick, opened by a file or on the terminal, not by the command line."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kiosk.errors import ConfigError, TrustError
from kiosk.publish import keys
from tests.cli.commands import run
from tests.whole_path.running import KIOSK

SECRET, OTHER = "maize rain market bridge", "goat river hill school"


def test_a_locked_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    made = keys.make(tmp_path, "union-1", SECRET)
    data = (tmp_path / "union-1.pem").read_bytes()
    assert data.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    with pytest.raises(TypeError):
        load_pem_private_key(data, password=None)
    asked: list[str] = []

    def ask(name: str) -> list[str]:
        asked.append(name)
        return [OTHER, SECRET]

    assert keys.held(tmp_path, ask).keys() == {made.public_key.keyid}
    assert asked == ["union-1"]
    with pytest.raises(TrustError, match="the passphrase is not the right one"):
        keys.load(tmp_path, "union-1", lambda name: [OTHER])
    with pytest.raises(ConfigError, match="nobody to ask"):
        keys.held(tmp_path)


@pytest.mark.parametrize("passphrase", ["", "elevensigns", "x" * 1024])
def test_a_passphrase_that_is_no_good_makes_no_key(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(ConfigError, match="at least 12 signs"):
        keys.make(tmp_path, "union-1", passphrase)
    assert list(tmp_path.iterdir()) == []


def test_a_key_without_one_is_opened_without_asking(tmp_path: Path) -> None:
    made = keys.make(tmp_path, "union-1")
    assert keys.held(tmp_path).keys() == {made.public_key.keyid}


def founded(folder: Path) -> tuple[Path, Path, Path]:
    """Make a repository with locked keys; return it, its keys, and the file with their passphrase."""
    repository, stick, file = folder / "repository", folder / "keys", folder / "passphrases"
    file.write_text(f"{SECRET}\n")
    done = run("repo", "init", repository, "--keys", stick, "--protect", "--passphrase-file", file)
    assert done.returncode == 0, done.stderr
    return repository, stick, file


def test_a_repository_is_founded_signed_and_given_new_keys_with_a_file(tmp_path: Path) -> None:
    repository, stick, file = founded(tmp_path)
    assert all(b"ENCRYPTED" in path.read_bytes() for path in stick.glob("*.pem"))
    words = ("--keys", stick, "--passphrase-file", file)
    assert run("repo", "sign", repository, *words).returncode == 0
    file.write_text(f"{OTHER}\n{SECRET}\n")
    assert run("repo", "keys", "rotate", repository, "timestamp", "timestamp", "--protect", *words).returncode == 0
    assert keys.load(stick, "timestamp-2", lambda name: [OTHER])
    assert run("repo", "verify", repository).returncode == 0
    done = run("repo", "keys", "list", repository, *words)
    assert done.stdout.count("  here") == 7


def test_without_a_terminal_and_with_a_wrong_file_it_is_told(tmp_path: Path) -> None:
    repository, stick, file = founded(tmp_path)
    done = subprocess.run(
        [*KIOSK, "repo", "sign", repository, "--keys", stick], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "there is nobody to ask for the passphrase of the key 'channel-stable'" in done.stderr
    assert "--passphrase-file" in done.stderr
    file.write_text(OTHER)
    done = run("repo", "sign", repository, "--keys", stick, "--passphrase-file", file)
    assert "none of the passphrases is that of the key 'channel-stable'" in done.stderr
    file.write_text("\n")
    done = run("repo", "sign", repository, "--keys", stick, "--passphrase-file", file)
    assert "there is no passphrase in this file" in done.stderr


def test_who_sits_at_the_terminal_is_asked_once_and_nothing_typed_is_shown(tmp_path: Path) -> None:
    repository, stick, _ = founded(tmp_path)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*KIOSK, "repo", "sign", repository, "--keys", stick], stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    ) as running:  # fmt: skip
        os.close(theirs)
        shown = b""
        while not shown.endswith(b"Passphrase of channel-stable: "):
            shown += os.read(ours, 1000)
        os.write(ours, f"{SECRET}\n".encode())
        while piece := read(ours):
            shown += piece
    os.close(ours)
    assert running.returncode == 0
    assert shown.count(b"Passphrase of") == 1
    assert b"the date is good until" in shown
    assert SECRET.encode() not in shown


def read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1000)
    except OSError:  # the other side was closed
        return b""


def test_no_command_takes_a_passphrase_itself() -> None:
    for words in (("repo", "sign"), ("repo", "keys", "make"), ("repo", "init")):
        told = run(*words, "--help").stdout
        assert "--passphrase-file FILE" in told
        assert "--passphrase " not in told
