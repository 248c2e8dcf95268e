"""The Debian 13 that the appliance is made of: a tree made once, kept, and lent as a copy that may be changed.

Owns: `build/appliance/<key>/`, where the key is a hash of all that makes it. Nothing here names a host: where packages
come from is asked of this machine's own apt and pip. The tree is what a card has before the playbook was there: no
package of the kiosk is in it, only what a Debian of a Pi has, and ssh for the owner of `key`.
"""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.appliance.running import need, run

SUITE = "trixie"
# What a card has that starts by itself; e2fsprogs and busybox are not there of themselves in so small a Debian.
PACKAGES = (
    "apt-utils", "busybox", "ca-certificates", "dbus", "e2fsprogs", "initramfs-tools", "iproute2", "kmod",
    "linux-image-amd64", "openssh-server", "python3", "python3-apt", "sudo", "systemd-sysv", "udev", "zstd",
)  # fmt: skip
CACHE = Path(__file__).parents[2] / "build" / "appliance"
AUTHORITIES = Path("/usr/local/share/ca-certificates")
PIP_KEYS = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout")
APT_KEYS = ("http", "https", "check-", "retries", "forceipv4", "languages")
NAMESERVER = "10.0.2.3"
"""Who answers names in the network of the container and in that of the machine."""
FILES = {
    "etc/hostname": "card\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 card\n",
    "etc/fstab": "",
    "etc/machine-id": "",
    "etc/resolv.conf": f"nameserver {NAMESERVER}\n",
    "etc/systemd/network/20-cable.network": "[Match]\nName=e*\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n",
    # A test that waits for a machine should not wait for what nobody there uses.
    "etc/systemd/system.conf.d/10-rig.conf": "[Manager]\nDefaultTimeoutStopSec=20s\n",
}


@dataclass(frozen=True)
class Tree:
    """A tree: its `root`, the private `key` that opens its ssh, and the kernel and first disk that start it."""

    root: Path
    key: Path

    @property
    def kernel(self) -> Path:
        """The kernel."""
        return (self.root / "vmlinuz").resolve()

    @property
    def initrd(self) -> Path:
        """The first disk."""
        return (self.root / "initrd.img").resolve()


def sources() -> str:
    """Return the lines of apt's sources: those of this machine's Debian, of the other suite.

    Raises:
        AssertionError: this machine has none.
    """
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    codename = release.get("VERSION_CODENAME", "").strip('"')
    form = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    if not (told := run("apt-get", "indextargets", "--format", form)):
        run("apt-get", "update", seconds=300)
        told = run("apt-get", "indextargets", "--format", form)
    found = set()
    for line in told.splitlines():
        origin, url, suite, component = line.split("|")
        if origin == "Debian" and (suite == codename or suite.startswith(f"{codename}-")):
            found.add(f"deb {url} {SUITE}{suite.removeprefix(codename)} {component}\n")
    assert found, "apt knows of no Debian packages here"
    return "".join(sorted(found))


def apt_settings() -> str:
    """Return how this machine's apt reaches its sources."""
    lines = run("apt-config", "dump", "--format", '%f "%v";%n', "Acquire").splitlines()
    return "".join(
        f"{line}\n" for line in lines if line.lower().startswith(tuple(f"acquire::{key}" for key in APT_KEYS))
    )


def pip_settings() -> str:
    """Return how this machine's pip reaches its sources; what lies on its own disk is left out."""
    found = {"cert": "/etc/ssl/certs/ca-certificates.crt"}
    for line in run(sys.executable, "-m", "pip", "config", "list").splitlines():
        name, _, value = line.partition("=")
        words = [word for word in value.strip("'\"").replace("\\n", " ").split() if "file:" not in word]
        if (key := name.rpartition(".")[2]) in PIP_KEYS and words:
            found[key] = " ".join(words)
    return "[global]\n" + "".join(f"{name} = {value}\n" for name, value in sorted(found.items()))


def tree() -> Tree:
    """Return the tree; the first time it is made, which takes a minute."""
    need("mmdebstrap", "chroot", "ssh-keygen")
    CACHE.mkdir(parents=True, exist_ok=True)
    settings = (sources(), apt_settings(), pip_settings())
    authorities = [path.read_text() for path in sorted(AUTHORITIES.glob("*.crt"))]
    words = "\0".join([SUITE, *PACKAGES, *FILES, *FILES.values(), *settings, *authorities, inspect.getsource(_make)])
    folder = CACHE / hashlib.sha256(words.encode()).hexdigest()[:16]
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two workers of the tests may want it
        if not folder.is_dir():
            for old in CACHE.glob("????????????????"):
                shutil.rmtree(old)
            _make(folder, *settings)
    return Tree(folder / "root", folder / "key")


def _make(folder: Path, lines: str, apt: str, pip: str) -> None:
    new = folder.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "rig", "-f", new / "key")
    (new / "apt.conf").write_text(apt)
    run(
        "mmdebstrap", "--mode=root", "--variant=minbase", f"--aptopt={new / 'apt.conf'}",
        f"--include={','.join(PACKAGES)}", "--skip=cleanup/apt/lists", SUITE, new / "root", "-",
        given=lines, seconds=900,
    )  # fmt: skip
    root = new / "root"
    files = FILES | {
        "etc/apt/apt.conf.d/90rig": apt,
        "etc/pip.conf": pip,
        "root/.ssh/authorized_keys": (new / "key.pub").read_text(),
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(mode=0o755 if name.startswith("etc") else 0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text)
    for path in AUTHORITIES.glob("*.crt"):
        shutil.copy(path, root / AUTHORITIES.relative_to("/"))
    run("chroot", root, "update-ca-certificates", seconds=120)
    run("chroot", root, "systemctl", "enable", "systemd-networkd.service", "ssh.service")
    new.rename(folder)


@dataclass(frozen=True)
class Copy:
    """A copy of a tree: its `root`, and the folder where the `changes` to the tree are, as overlayfs keeps them."""

    root: Path
    changes: Path


@contextmanager
def copied(of: Path, *changes: Path) -> Iterator[Copy]:
    """Lend a copy of a tree and of changes to it, the oldest first; what is written there is thrown away."""
    need("mount", "umount")
    folder = Path(tempfile.mkdtemp(prefix="copy-", dir=CACHE))
    found = Copy(folder / "root", folder / "changes")
    try:
        for name in ("changes", "work", "root"):
            (folder / name).mkdir()
        below = ":".join(str(each) for each in (*reversed(changes), of))
        layers = f"lowerdir={below},upperdir={found.changes},workdir={folder}/work"
        run("mount", "-t", "overlay", "overlay", "-o", layers, found.root)
        try:
            yield found
        finally:
            run("umount", found.root)
    finally:
        shutil.rmtree(folder)


@contextmanager
def copy(of: Path) -> Iterator[Path]:
    """Lend a copy of a tree; what is written there is thrown away."""
    with copied(of) as found:
        yield found.root


def install(root: Path, *packages: str) -> None:
    """Install Debian packages in a copy that does not run; none of their services is started by it."""
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    resolv = (root / "etc/resolv.conf").read_text()
    shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
    words = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    try:
        run("chroot", root, "env", "DEBIAN_FRONTEND=noninteractive", *words, seconds=600)
    finally:
        (root / "usr/sbin/policy-rc.d").unlink()
        (root / "etc/resolv.conf").write_text(resolv)
    run("chroot", root, "apt-get", "clean")


def used_bytes(root: Path) -> int:
    """Return how much room the files of a tree take."""
    done = subprocess.run(["du", "-sxB1", str(root)], capture_output=True, text=True, check=True, env=os.environ)
    return int(done.stdout.split()[0])
