"""A real browser on a phone's network: Chromium of this machine, whose every packet leaves by the phone's radio.

Owns: an ssh server in the phone's network, reached by one in the machine's, and a SOCKS proxy on loopback whose far end
it is. Names are resolved there too, by what DHCP told the phone.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, sync_playwright

from tests.appliance.playbook import OPTIONS
from tests.appliance.radio import Phone
from tests.appliance.running import ENVIRONMENT, end, free_port, need, run, until
from tests.chromium import CHROMIUM, FLAGS

SETTINGS = "/run/rig-sshd.conf"
SERVER = """\
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /root/.ssh/authorized_keys
PermitRootLogin prohibit-password
AllowTcpForwarding local
UsePAM no
UseDNS no
"""
ANSWER_MS = 90_000
"""The machine is slow, and its visitors' waiting is not what is tested."""


@contextmanager
def way(phone: Phone) -> Iterator[str]:
    """Lend the address of a SOCKS proxy whose connections begin at the phone."""
    need("ssh", "curl")
    machine = phone.machine
    machine.run("tee", SETTINGS, given=SERVER)
    inside = machine.ssh.command("ip", "netns", "exec", phone.name, "/usr/sbin/sshd", "-i", "-f", SETTINGS)
    port = free_port()
    command = [
        "ssh", *OPTIONS, "-o", f"ProxyCommand={shlex.join(inside)}", "-o", "ExitOnForwardFailure=yes",
        "-i", str(machine.ssh.key), "-N", "-D", f"127.0.0.1:{port}", f"root@{phone.name}",
    ]  # fmt: skip
    log = machine.folder / f"{phone.name}-way.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=ENVIRONMENT)
    try:
        ask = ("curl", "-s", "--noproxy", "", "--max-time", "20", "-x", f"socks5h://127.0.0.1:{port}")
        until(
            lambda: "welcome" in run(*ask, "-I", "http://whatever.example/", check=False, seconds=30),
            f"a way out of {phone.name}; {log.read_text()}", 120, pause=1,
        )  # fmt: skip
        yield f"socks5://127.0.0.1:{port}"
    finally:
        end(process)


@contextmanager
def browser(phone: Phone) -> Iterator[BrowserContext]:
    """Lend a browser of the phone, which has no memory of others."""
    with way(phone) as proxy, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, proxy={"server": proxy})
        context = chromium.new_context(viewport={"width": 360, "height": 640}, ignore_https_errors=True)
        context.set_default_timeout(ANSWER_MS)
        yield context
        chromium.close()
