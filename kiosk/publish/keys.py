"""The federation's signing keys: Ed25519, a private one in NAME.pem on a stick, the public one in NAME.pub for others.

Owns: making, loading and naming them. True always: a private key is written once, readable by its owner alone, and
never overwritten; one with a passphrase is never on a disk without it (PKCS #8, encrypted); a public key carries the
name that people call it by, which means nothing to a kiosk.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from kiosk.errors import ConfigError, Conflict, FormatError, TrustError
from kiosk.packs import names

ROOT_KEYS = ("root-1", "root-2", "root-3")
ROOT_THRESHOLD = 2
"""The root of trust needs two of three keys, so that one may be lost or stolen."""
NAME_FIELD = "x-name"
KEY_TYPE = "ed25519"
LOCKED = b"BEGIN ENCRYPTED PRIVATE KEY"

LEAST_PASSPHRASE = 12
"""Signs of a passphrase: whoever finds a stick can try millions a second."""
MOST_PASSPHRASE_BYTES = 1023
"""More are not taken by who encrypts."""

Held = Mapping[str, CryptoSigner]
"""The signers of the keys that are here, by key id."""
Ask = Callable[[str], Iterable[str]]
"""Gives passphrases to try for the key of this name; raises ConfigError when there is nobody to ask."""


def ask_nobody(name: str) -> Iterable[str]:
    """Have no passphrase: for who has no terminal."""
    raise ConfigError(f"the key '{name}' has a passphrase, and there is nobody to ask for it")


def make(folder: Path, name: str, passphrase: str | None = None) -> CryptoSigner:
    """Make a key, write it to `folder`/`name`.pem and its public part to `name`.pub, and return its signer.

    Args:
        passphrase: what the private key is locked with; None: it is not.

    Raises:
        Conflict: there is a key of this name already.
        ConfigError: the name, or the passphrase, can not be taken.
    """
    if not names.is_name(name):
        raise ConfigError(f"'{name}' can not be the name of a key", "a-z, 0-9 and hyphens")
    lock = _lock(passphrase)
    with _folder(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    _write_new(folder / f"{name}.pem", pem, 0o600)
    signer = _named(CryptoSigner(key), name)
    public = {"keyid": signer.public_key.keyid, **signer.public_key.to_dict()}
    _write_new(folder / f"{name}.pub", json.dumps(public, sort_keys=True, indent=1).encode() + b"\n", 0o644)
    return signer


def _lock(passphrase: str | None) -> NoEncryption | BestAvailableEncryption:
    if passphrase is None:
        return NoEncryption()
    data = passphrase.encode()
    if len(passphrase) < LEAST_PASSPHRASE or len(data) > MOST_PASSPHRASE_BYTES:
        raise ConfigError(f"a passphrase has at least {LEAST_PASSPHRASE} signs", "five words that nobody would guess")
    return BestAvailableEncryption(data)


def held(folder: Path | None, ask: Ask = ask_nobody) -> dict[str, CryptoSigner]:
    """Return the signers of all private keys in a folder, by key id; none for None.

    Args:
        ask: who is asked for the passphrases of keys that have one.

    Raises:
        ConfigError: there is no such folder, a file in it can not be read, or there is no passphrase to be had.
        TrustError: a .pem file is not an Ed25519 private key, or no passphrase is the right one.
    """
    if folder is None:
        return {}
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no folder of keys", "is the stick with the keys in?")
    signers = [load(folder, path.stem, ask) for path in sorted(folder.glob("*.pem"))]
    return {signer.public_key.keyid: signer for signer in signers}


def load(folder: Path, name: str, ask: Ask = ask_nobody) -> CryptoSigner:
    """Return the signer of a key.

    Raises:
        ConfigError: the file is missing or can not be read, or there is no passphrase to be had.
        TrustError: it is not an Ed25519 private key, or no passphrase is the right one.
    """
    path = folder / f"{name}.pem"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: the key can not be read: {error.strerror}", "is the stick with the keys in?"
        ) from error
    try:
        key = _unlocked(data, path, ask) if LOCKED in data else load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise TrustError(f"{path}: this is not a private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise TrustError(f"{path}: this is not an Ed25519 key")
    return _named(CryptoSigner(key), name)


def _unlocked(data: bytes, path: Path, ask: Ask) -> object:
    for passphrase in ask(path.stem):
        try:
            return load_pem_private_key(data, password=passphrase.encode())
        except ValueError:  # a wrong passphrase, or a file that is damaged
            continue
    raise TrustError(f"{path}: the passphrase is not the right one, or the file is damaged", "take the other stick")


def read_public(path: Path) -> Key:
    """Return the public key in a .pub file.

    Raises:
        ConfigError: the file can not be read.
        FormatError: it is not a public key of ours.
    """
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: the key can not be read: {error.strerror}", "kiosk repo keys make") from error
    except ValueError as error:
        raise FormatError(f"{path}: this is not a public key", "name the file that ends with .pub") from error
    try:
        fields = dict(value)
        claimed = fields.pop("keyid")
        public = bytes.fromhex(fields["keyval"]["public"])
        key = Key.from_dict(claimed, fields)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path}: this is not a public key", "name the file that ends with .pub") from error
    if key.keytype != KEY_TYPE or key.scheme != KEY_TYPE or len(public) != 32:
        raise FormatError(f"{path}: this is not an Ed25519 key", "kiosk repo keys make")
    # Made anew, so that the id is that of the key and not one that a file claims.
    made = SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(public))
    return _called(made, str(key.unrecognized_fields.get(NAME_FIELD, path.stem)))


def name_of(key: Key) -> str:
    """Return what people call a key: its name, or the start of its id."""
    return str(key.unrecognized_fields.get(NAME_FIELD) or key.keyid[:12])


def free_name(folder: Path, stem: str) -> str:
    """Return the first of `stem`, `stem`-2, `stem`-3 … that no key in a folder has."""
    number = 1
    while (folder / f"{(name := stem if number == 1 else f'{stem}-{number}')}.pem").exists():
        number += 1
    return name


def _named(signer: CryptoSigner, name: str) -> CryptoSigner:
    _called(signer.public_key, name)
    return signer


def _called(key: Key, name: str) -> Key:
    key.unrecognized_fields[NAME_FIELD] = name
    return key


@contextmanager
def _folder(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{folder}: can not be written: {error.strerror}", "is the stick in?") from error


def _write_new(path: Path, data: bytes, mode: int) -> None:
    with _folder(path):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError as error:
            raise Conflict(f"{path}: there is a key already", "name another folder for the new keys") from error
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
