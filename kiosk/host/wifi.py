"""The hotspot's name, password and channel, and a change of them that undoes itself.

Owns: hostapd's configuration file, and what it was before a change. True always: a change stays only if it is confirmed
within `UNDONE_AFTER`; a power cut, an end of the helper or a clock that jumps meanwhile brings back what was before, so
that no typing error locks an operator out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.clock import NEVER, Clock
from kiosk.errors import HostError
from kiosk.host.orders import Refused

UNDONE_AFTER = timedelta(minutes=2)
OURS = frozenset(
    ("ssid", "ssid2", "utf8_ssid", "channel", "wpa", "wpa_passphrase", "wpa_key_mgmt", "rsn_pairwise", "ieee80211w")
)
"""The keys of hostapd's file that a change sets; the others are provisioning's."""


PROTECTED = re.compile(r"^\s*(wpa\s*=\s*[^0\s]|wpa_passphrase|wpa_psk|sae_password|wep_key)", re.MULTILINE)
"""What stands in hostapd's file where a hotspot has a password."""


@dataclass(frozen=True)
class Network:
    """What phones see of the hotspot; without a password it is open to all."""

    name: str
    password: str
    channel: int


@dataclass(frozen=True)
class Announced:
    """What may be told of the hotspot as it is: not its password. What its file does not say, or not in a way that is
    understood, is "", 0 and not open.
    """

    name: str
    channel: int
    is_open: bool


@dataclass(frozen=True)
class Trial:
    """A change that is not confirmed yet."""

    began: datetime

    def is_over(self, now: datetime) -> bool:
        """Tell whether it must be undone: its time is up, or the clock went back and no longer tells."""
        return not timedelta() <= now - self.began < UNDONE_AFTER


def rewritten(text: str, network: Network) -> str:
    """Return hostapd's configuration with a network in the place of its own; the rest stays as it is."""
    kept = [line for line in text.splitlines() if line.partition("=")[0].strip() not in OURS]
    # In hex, so that no sign of a name means anything to hostapd.
    lines = [f"ssid2={network.name.encode().hex()}", "utf8_ssid=1", f"channel={network.channel}"]
    if network.password:
        lines += [
            "wpa=2", "wpa_key_mgmt=WPA-PSK SAE", "rsn_pairwise=CCMP", "ieee80211w=1",
            f"wpa_passphrase={network.password}",
        ]  # fmt: skip
    return "\n".join([*kept, *lines]) + "\n"


def described(text: str) -> Network:
    """Return the network that a configuration of hostapd describes; its name is "" where there is none in it."""
    lines = [line.partition("=") for line in text.splitlines()]
    found = {key.strip(): value for key, _, value in lines if key.strip() in OURS}
    try:
        name = bytes.fromhex(found["ssid2"]).decode() if "ssid2" in found else found.get("ssid", "")
        return Network(name, found.get("wpa_passphrase", ""), int(found.get("channel", "0")))
    except ValueError:
        return Network("", "", 0)


class Wifi:
    """The hotspot as `file` describes it to hostapd.

    Args:
        file: hostapd's configuration.
        apply: has hostapd read it anew; raises HostError.
        clock: the time.
    """

    def __init__(self, file: Path, apply: Callable[[], None], clock: Clock) -> None:
        self._file = file
        self._before = file.with_name(f"{file.name}.before")
        self._apply = apply
        self._clock = clock
        # What was begun before this process is over: nobody knows when.
        self._trial = Trial(NEVER) if self._before.exists() else None

    @property
    def is_on_trial(self) -> bool:
        """Whether a change waits to be confirmed."""
        return self._trial is not None

    def announced(self) -> Announced:
        """Return what the hotspot is at present. Raises HostError: its file can not be read."""
        try:
            text = self._file.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise _no_hotspot(error, self._file) from error
        network = described(text)
        return Announced(network.name, network.channel, bool(network.name) and not PROTECTED.search(text))

    def change(self, network: Network) -> None:
        """Take a network on trial.

        Raises:
            Refused: another change waits to be confirmed.
            HostError: hostapd does not take it; what was before is back.
        """
        if self._trial:
            raise Refused("a change of the Wi-Fi waits to be confirmed")
        try:
            text = self._file.read_text(encoding="utf-8")
            write(self._before, text)
            self._trial = Trial(self._clock())
            write(self._file, rewritten(text, network))
        except OSError as error:
            raise _no_hotspot(error, self._file) from error
        try:
            self._apply()
        except HostError:
            self.undo()
            raise

    def confirm(self) -> None:
        """Keep the change.

        Raises:
            Refused: there is none to keep, or its time is up.
        """
        self.tick()
        if not self._trial:
            raise Refused("there is no change of the Wi-Fi to confirm")
        self._before.unlink()
        _sync_folder(self._file.parent)
        self._trial = None

    def tick(self) -> None:
        """Undo a change whose time is up; to be called every second or so."""
        if self._trial and self._trial.is_over(self._clock()):
            self.undo()

    def undo(self) -> None:
        """Bring back what was before the change."""
        self._before.replace(self._file)
        _sync_folder(self._file.parent)
        self._trial = None
        self._apply()


def _no_hotspot(error: OSError, file: Path) -> HostError:
    return HostError(f"{error.filename or file}: {error.strerror}", "is the hotspot set up?")


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file whole, or not at all; for its owner alone, since hostapd's holds the password.

    Raises:
        OSError: it can not be written.
    """
    draft = path.with_name(f".{path.name}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    draft.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
