"""Radios in a machine, and phones that use them: each a network of its own inside it.

Owns: the simulated radios of the kernel (`mac80211_hwsim`): the first is the kiosk's `wlan0`, each other one is a
phone's. What a phone is told by DHCP is its own: address, way out, names. The machine needs `PACKAGES`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.appliance import image, kiosks
from tests.appliance import machine as machines
from tests.appliance import tree as trees
from tests.appliance.kiosks import Provisioned
from tests.appliance.machine import Machine
from tests.appliance.running import until

PACKAGES = ("curl", "iproute2", "iw", "udhcpc", "wireless-regdb", "wpasupplicant")
JOIN_SECONDS = 120
TAKEN_BY = "/usr/local/sbin/rig-take"
"""Not in /run, from where nothing may be started."""
TAKE = """\
#!/bin/sh
# Takes what DHCP tells a phone: its address, its way out, and who answers names in its network.
case "$1" in
bound | renew)
	ip address replace "$ip/$mask" dev "$interface"
	[ -z "$router" ] || ip route replace default via "$router"
	for each in $dns; do echo "nameserver $each"; done >"/etc/netns/$(ip netns identify)/resolv.conf"
	;;
deconfig) ip address flush dev "$interface" ;;
esac
"""


@dataclass(frozen=True)
class Phone:
    """A phone: the network `name` in the machine, with a radio `device`."""

    machine: Machine
    name: str
    device: str

    def run(self, *command: str | Path, check: bool = True, seconds: float = 60) -> str:
        """Run a command of the phone to its end and return what it printed."""
        return self.machine.run("ip", "netns", "exec", self.name, *command, check=check, seconds=seconds)

    def join(self, network: str, passphrase: str | None = None, *, wpa3: bool = False) -> float:
        """Join a Wi-Fi network and take an address; returns the seconds that the first of it took.

        Args:
            network: its name.
            passphrase: its password; None for an open one.
            wpa3: by WPA3 alone, as the phones of these years do where they can.

        Raises:
            AssertionError: it is not let in, or it gets no address.
        """
        self._associate(network, passphrase, wpa3=wpa3)
        took = until(self.is_in, f"{self.name} in {network}", JOIN_SECONDS, pause=0.5)
        self.take_address()
        assert self.address(), f"{self.name} was offered an address and has none"
        return took

    def is_refused(self, network: str, passphrase: str) -> bool:
        """Try to join with a password; tell whether that was found to be wrong, and not let in."""
        self._associate(network, passphrase, wpa3=False)
        wrong, log = "reason=WRONG_KEY", f"/run/{self.name}.log"
        until(lambda: wrong in self.run("cat", log) or self.is_in(), "a word on the password", JOIN_SECONDS, pause=0.5)
        return not self.is_in()

    def take_address(self, wanted: str = "") -> None:
        """Ask for an address: the one that is `wanted`, if it can be had."""
        asked = ("-r", wanted) if wanted else ()
        self.run("udhcpc", "-i", self.device, "-n", "-q", "-t", "10", "-T", "2", "-s", TAKEN_BY, *asked)

    def give_back(self) -> None:
        """Tell the network that the address is not needed any more, as a phone does whose owner left it in order."""
        # It says so when it is told to end, which needs one that stays: started for this, on the lease that it renews.
        pid = f"/run/{self.name}.udhcpc"
        self.run(
            "udhcpc", "-i", self.device, "-n", "-R", "-b", "-p", pid, "-t", "10", "-T", "2", "-s", TAKEN_BY,
            "-r", self.address(),
        )  # fmt: skip
        self.machine.run("sh", "-c", f'kill "$(cat {pid})"')
        until(lambda: not self.address(), f"{self.name} without an address", pause=0.5)

    def leave(self) -> None:
        """Leave the network, without a word."""
        self.machine.run("sh", "-c", f'kill "$(cat /run/{self.name}.pid)"')
        self.run("ip", "address", "flush", "dev", self.device)
        self.run("ip", "link", "set", self.device, "down")

    def address(self) -> str:
        """Return its address, empty if it has none."""
        found = re.search(r"inet ([\d.]+)/", self.run("ip", "-4", "address", "show", "dev", self.device))
        return found[1] if found else ""

    def is_in(self) -> bool:
        """Tell whether it has joined a network."""
        told = self.run("wpa_cli", "-p", f"/run/{self.name}", "-i", self.device, "status", check=False)
        return "wpa_state=COMPLETED" in told

    def _associate(self, network: str, passphrase: str | None, *, wpa3: bool) -> None:
        key = "key_mgmt=NONE" if passphrase is None else f"psk={json.dumps(passphrase)}"
        if wpa3:
            key += "\n key_mgmt=SAE\n ieee80211w=2"
        text = f"ctrl_interface=/run/{self.name}\nnetwork={{\n ssid={json.dumps(network)}\n scan_ssid=1\n {key}\n}}\n"
        settings = f"/run/{self.name}.conf"
        self.machine.run("tee", settings, given=text)
        logged = ("-P", f"/run/{self.name}.pid", "-f", f"/run/{self.name}.log")
        self.machine.run("rm", "-f", logged[-1])
        self.run("wpa_supplicant", "-B", "-i", self.device, "-c", settings, *logged)


def at_boot(root: Path, count: int) -> None:
    """Have a kiosk that does not run find its own radio, and those of `count` phones, while it starts, as a Pi does."""
    (root / "etc/modules-load.d/rig.conf").write_text("mac80211_hwsim\n")
    (root / "etc/modprobe.d/rig.conf").write_text(f"options mac80211_hwsim radios={count + 1}\n")
    # A Pi's radio is not loaded by this unit; simulated ones take most of its 90 seconds where much else is at work.
    patient = root / "etc/systemd/system/systemd-modules-load.service.d/rig.conf"
    patient.parent.mkdir(parents=True)
    patient.write_text("[Service]\nTimeoutStartSec=infinity\n")


@contextmanager
def kiosk(provisioned: Provisioned, count: int) -> Iterator[Machine]:
    """Lend a provisioned kiosk that finds its radio and `count` others while it starts; not switched on yet."""
    with TemporaryDirectory(dir=trees.CACHE) as folder:
        disk = Path(folder) / "disk"
        with kiosks.container(provisioned) as found:
            trees.install(found.root, *PACKAGES)
            at_boot(found.root, count)
            image.write(found.root, disk)
        with machines.machine(provisioned.tree, disk) as machine:
            yield machine


def phones(machine: Machine, count: int) -> list[Phone]:
    """Put in the radios, if they are not there: `wlan0` for the kiosk and one for each phone."""
    machine.run("modprobe", "mac80211_hwsim", f"radios={count + 1}")
    machine.run("tee", TAKEN_BY, given=TAKE)
    machine.run("chmod", "755", TAKEN_BY)
    return [_phone(machine, number) for number in range(1, count + 1)]


def _phone(machine: Machine, number: int) -> Phone:
    name, device = f"phone{number}", f"wlan{number}"
    radio = machine.run("cat", f"/sys/class/net/{device}/phy80211/name").strip()
    machine.run("ip", "netns", "add", name)
    machine.run("mkdir", "-p", f"/etc/netns/{name}")
    machine.run("touch", f"/etc/netns/{name}/resolv.conf")
    machine.run("iw", "phy", radio, "set", "netns", "name", name)
    found = Phone(machine, name, device)
    found.run("ip", "link", "set", "lo", "up")
    return found
