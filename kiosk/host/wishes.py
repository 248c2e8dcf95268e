"""What a person wrote on the card, before the kiosk's start: its name, and the name and password of its Wi-Fi.

Owns: the form of `kiosk.txt`, and its place in `kiosk.yaml` and in hostapd's configuration. True always: a file with
one line that can not be used changes nothing, and each such line is told with what to write. The name is taken at each
start; the Wi-Fi when what is written of it has changed, for from then on it is the operator's, in the console.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from kiosk.host import wifi

MOST_NAME, MOST_WIFI_NAME_BYTES, MOST_BYTES = 60, 32, 16384
PASSWORD = re.compile(r"[!-~][ -~]{6,61}[!-~]")
OPEN = "open"
"""Written in the place of a password: none. Shorter than a password may be."""
KEYS = ("name", "wifi name", "wifi password")
SAVED = "save the file as plain text (UTF-8)"


@dataclass(frozen=True)
class Wishes:
    """What is wished; None: nothing is said of it. A `wifi_password` of "" is a Wi-Fi that is open to all."""

    name: str | None = None
    wifi_name: str | None = None
    wifi_password: str | None = None

    @property
    def mark(self) -> str:
        """Tells whether what is said of the Wi-Fi is the same as before, and not what it is."""
        return hashlib.sha256(json.dumps([self.wifi_name, self.wifi_password]).encode()).hexdigest()


def read(data: bytes) -> tuple[Wishes, list[str]]:
    """Return what a file wishes, and a sentence for each line that can not be used."""
    if len(data) > MOST_BYTES:
        return Wishes(), [f"The file is longer than {MOST_BYTES // 1024} KB."]
    try:
        text = _decoded(data)
    except UnicodeDecodeError:
        return Wishes(), [f"The letters can not be read: {SAVED}."]
    found: dict[str, str] = {}
    wrong = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, _, value = (part.strip() for part in line.partition(":"))
        key = " ".join(key.lower().replace("wi-fi", "wifi").split())
        problem = f"it begins with none of: {', '.join(f'{each}:' for each in KEYS)}" if key not in KEYS else ""
        problem = problem or ("there is such a line above" if key in found else _problem(key, value))
        if problem:
            wrong.append(f"Line {number}: {problem}.")
        found[key] = value
    password = found.get("wifi password")
    secret = "" if password and password.lower() == OPEN else password
    return Wishes(found.get("name"), found.get("wifi name"), secret), wrong


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def _problem(key: str, value: str) -> str:
    if key == "name" and not (1 <= len(value) <= MOST_NAME and value.isprintable()):
        return f"write a name of 1 to {MOST_NAME} letters after the colon"
    if key == "wifi name" and not (1 <= len(value.encode()) <= MOST_WIFI_NAME_BYTES and value.isprintable()):
        return f"write a name of 1 to {MOST_WIFI_NAME_BYTES} letters after the colon (10 to 16 in other scripts)"
    if key == "wifi password" and value.lower() != OPEN and not PASSWORD.fullmatch(value):
        return f"write 8 to 63 plain letters and digits after the colon, or the word {OPEN} for no password"
    return ""


def take(wishes: Wishes, config: Path, hotspot: Path, taken: Path) -> None:
    """Put wishes into `kiosk.yaml` and hostapd's configuration.

    Args:
        config: `kiosk.yaml`, whose line with the name is replaced.
        hotspot: hostapd's configuration.
        taken: the file that remembers what was wished of the Wi-Fi when it was last taken.

    Raises:
        OSError: one of them can not be read or written.
    """
    if wishes.name is not None:
        text = config.read_text(encoding="utf-8")
        line = f"name: {json.dumps(wishes.name, ensure_ascii=False)}"
        if (new := re.sub(r"(?m)^name:.*$", lambda _: line, text, count=1)) != text:
            wifi.write(config, new, mode=0o644)
    said = wishes.wifi_name is not None or wishes.wifi_password is not None
    if not said or (taken.exists() and taken.read_text(encoding="ascii") == wishes.mark):
        return
    text = hotspot.read_text(encoding="utf-8")
    network = wifi.described(text)
    if wishes.wifi_name is not None:
        network = replace(network, name=wishes.wifi_name)
    if wishes.wifi_password is not None:
        network = replace(network, password=wishes.wifi_password)
    wifi.write(hotspot, wifi.rewritten(text, network))
    # A change in the console that nobody confirmed would be undone by bringing back what was before it.
    hotspot.with_name(f"{hotspot.name}.before").unlink(missing_ok=True)
    # Last: a power cut before it has the same done again.
    wifi.write(taken, wishes.mark)
