"""A computer of a visitor with NetworkManager, which judges by itself whether a network leads to the internet.

Owns: NetworkManager, wpa_supplicant and their bus in the network of a phone, apart from those of the kiosk: with their
own settings, state and run-time files. It asks Debian's own address, as Debian sets it up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.appliance.radio import Phone
from tests.appliance.running import until

FOLDER = "/run/rig-desktop"
BUS = f"""\
<busconfig><type>system</type><listen>unix:path={FOLDER}/bus</listen><auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/>
</policy></busconfig>
"""
SETTINGS = f"""\
[main]
plugins=keyfile
rc-manager=file
dhcp=internal
[keyfile]
path={FOLDER}/connections
[connectivity]
uri=http://network-test.debian.org/nm
interval=300
"""
FILES = ("config-dir", "system-config-dir", "state-file", "intern-config", "pid-file")
PROGRAMS = {
    "bus": ["dbus-daemon", f"--config-file={FOLDER}/bus.conf", "--nofork", "--nopidfile"],
    "radio": ["wpa_supplicant", "-u", "-O", f"{FOLDER}/radio"],
    "network": [
        "NetworkManager", "--no-daemon", f"--config={FOLDER}/settings.conf",
        *(f"--{name}={FOLDER}/of-{name}" for name in FILES),
    ],
}  # fmt: skip
# Where /sys can not be written it does not wait for udev, which does not see this network.
# It writes who answers names into an /etc of its own.
APART = f"""\
mount -t sysfs -o ro none /sys
umount /etc/resolv.conf
mkdir -p {FOLDER}/apart/$0/etc {FOLDER}/apart/$0/work /run/NetworkManager /var/lib/NetworkManager
mount -t overlay none -o lowerdir=/etc,upperdir={FOLDER}/apart/$0/etc,workdir={FOLDER}/apart/$0/work /etc
mount -t tmpfs none /run/NetworkManager
mount -t tmpfs none /var/lib/NetworkManager
exec "$@"
"""
JUDGED_SECONDS = 180


@dataclass(frozen=True)
class Desktop:
    """A computer whose radio is that of `phone`."""

    phone: Phone

    def join(self, network: str, passphrase: str) -> None:
        """Join a Wi-Fi network and take an address."""
        until(lambda: network in self._networks(), f"{network} in its list", JUDGED_SECONDS, pause=2)
        self.nmcli("device", "wifi", "connect", network, "password", passphrase, seconds=JUDGED_SECONDS)

    def judges(self, wanted: str) -> float:
        """Wait until it judges its link so ("portal", "full"); return the seconds that took."""
        check = ("networking", "connectivity", "check")
        return until(
            lambda: self.nmcli(*check, check=False).strip() == wanted, f"NetworkManager says '{wanted}'",
            JUDGED_SECONDS, pause=1,
        )  # fmt: skip

    def _networks(self) -> str:
        units = [f"rig-{name}.service" for name in PROGRAMS]
        run = self.phone.machine.run("systemctl", "is-active", *units, check=False).split()
        assert run == ["active"] * len(units), f"{units}: {run}"
        return self.nmcli("-t", "-f", "SSID", "device", "wifi", "list", check=False)

    def nmcli(self, *words: str, check: bool = True, seconds: float = 60) -> str:
        """Have it do something by its own command line; return what that said."""
        bus = ("env", f"DBUS_SYSTEM_BUS_ADDRESS=unix:path={FOLDER}/bus", "LANG=C.UTF-8")
        return self.phone.run(*bus, "nmcli", "--wait", "120", *words, check=check, seconds=seconds)


@contextmanager
def desktop(phone: Phone) -> Iterator[Desktop]:
    """Lend a computer on the radio of a phone that has left."""
    machine = phone.machine
    machine.run("mkdir", "-p", f"{FOLDER}/connections")
    machine.run("tee", f"{FOLDER}/bus.conf", given=BUS)
    machine.run("tee", f"{FOLDER}/settings.conf", given=SETTINGS)
    try:
        for name, command in PROGRAMS.items():
            _start(phone, name, command)
        yield Desktop(phone)
    finally:
        for name in reversed(PROGRAMS):
            machine.run("systemctl", "stop", f"rig-{name}.service", check=False)


def _start(phone: Phone, name: str, command: list[str]) -> None:
    apart = ["unshare", "--mount", "sh", "-c", APART, name]
    phone.machine.run(
        "systemd-run", f"--unit=rig-{name}", "--collect", f"--setenv=DBUS_SYSTEM_BUS_ADDRESS=unix:path={FOLDER}/bus",
        "ip", "netns", "exec", phone.name, *apart, *command,
    )  # fmt: skip
    if name == "bus":
        until(lambda: "srw" in phone.machine.run("ls", "-l", f"{FOLDER}/bus", check=False), "a bus")
