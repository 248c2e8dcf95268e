"""The federation's signing keys: one Ed25519 key a file, in a folder that should lie on a stick.

Owns: making and loading them. True always: a private key is written once, readable by its owner alone, and never
overwritten.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner

from kiosk.errors import ConfigError, Conflict, TrustError

ROOT_KEYS = ("root-1", "root-2", "root-3")
ROOT_THRESHOLD = 2
"""The root of trust needs two of three keys, so that one may be lost or stolen."""


def make(folder: Path, name: str) -> CryptoSigner:
    """Make a key, write it to `folder`/`name`.pem and return its signer.

    Raises:
        Conflict: there is a key of this name already.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / f"{name}.pem"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict(f"{path}: there is a key already", "name another folder for the new keys") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return CryptoSigner(key)


def load(folder: Path, name: str) -> CryptoSigner:
    """Return the signer of a key.

    Raises:
        ConfigError: the file is missing or can not be read.
        TrustError: it is not an Ed25519 private key.
    """
    path = folder / f"{name}.pem"
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ConfigError(
            f"{path}: the key can not be read: {error.strerror}", "is the stick with the keys in?"
        ) from error
    except (ValueError, TypeError) as error:
        raise TrustError(f"{path}: this is not a private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise TrustError(f"{path}: this is not an Ed25519 key")
    return CryptoSigner(key)
