"""What a running kiosk looks like from inside: failed units, who listens where, memory of each unit."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tests.appliance.running import Place

# The share of each process of what is in memory (what several share is counted in parts), by unit. The kernel's own
# accounts would count files that were read too, and are not there in a container.
MEMORY = """
import json, pathlib, re
units = {}
for process in pathlib.Path('/proc').glob('[0-9]*'):
    try:
        lines = (process / 'smaps_rollup').read_text().splitlines()
        group = (process / 'cgroup').read_text()
    except OSError:
        continue
    share = sum(int(line.split()[1]) for line in lines if line.startswith('Pss:'))
    found = re.findall(r'[^/\\n]+[.](?:service|scope)', group)
    if found and share:
        units[found[-1]] = units.get(found[-1], 0) + share * 1024
print(json.dumps(units))
"""


@dataclass(frozen=True, order=True)
class Listener:
    """A socket that waits for others: `tcp` or `udp`, the address without the device, the port, the program."""

    kind: str
    address: str
    port: int
    program: str


def failed_units(place: Place) -> list[str]:
    """Return the units that failed."""
    lines = place.run("systemctl", "list-units", "--failed", "--plain", "--no-legend").splitlines()
    return [line.split()[0] for line in lines if line]


def why(place: Place, unit: str) -> str:
    """Return the state and the last words of a unit."""
    return place.run("systemctl", "status", "--no-pager", "--full", "--lines=30", unit, check=False)


def listening(place: Place) -> list[Listener]:
    """Return all sockets of the network that wait for others."""
    found = set()
    for line in place.run("ss", "-Hltunp").splitlines():
        words = line.split()
        address, _, port = words[4].rpartition(":")
        program = words[6].split('"')[1] if len(words) > 6 else ""
        found.add(Listener(words[0], address.split("%")[0].strip("[]"), int(port), program))
    return sorted(found)


def memory(place: Place) -> dict[str, int]:
    """Return the bytes of memory that each unit has, the greatest first."""
    found: dict[str, int] = json.loads(place.run("python3", "-c", MEMORY))
    return dict(sorted(found.items(), key=lambda each: -each[1]))
