"""The tree is a plain Debian 13 that can reach what this machine reaches, and its copies do not touch it."""

from __future__ import annotations

from pathlib import Path

from tests.appliance import tree as trees
from tests.appliance.running import run


def test_the_tree_is_a_debian_13_without_anything_of_the_kiosk() -> None:
    tree = trees.tree()
    assert "VERSION_CODENAME=trixie" in (tree.root / "etc/os-release").read_text()
    assert tree.kernel.is_file()
    assert tree.initrd.is_file()
    for name in ("usr/sbin/hostapd", "usr/sbin/nginx", "usr/sbin/dnsmasq", "opt/kiosk", "etc/kiosk"):
        assert not (tree.root / name).exists(), name
    assert trees.tree() == tree, "it is made once"


def test_a_copy_can_be_changed_and_the_tree_is_as_it_was() -> None:
    tree = trees.tree()
    before = (tree.root / "etc/hostname").read_text()
    with trees.copy(tree.root) as root:
        (root / "etc/hostname").write_text("changed\n")
        (root / "root/.ssh/authorized_keys").unlink()
        assert run("chroot", root, "cat", "/etc/hostname") == "changed\n"
    assert not root.exists()
    assert (tree.root / "etc/hostname").read_text() == before
    assert (tree.root / "root/.ssh/authorized_keys").exists()


def test_what_apt_and_pip_are_told_is_asked_of_this_machine() -> None:
    lines = trees.sources().splitlines()
    assert {line.split()[0] for line in lines} == {"deb"}
    assert any(line.split()[2:] == ["trixie", "main"] for line in lines)
    assert "file:" not in trees.pip_settings()
    text = Path(trees.__file__).read_text()
    assert not [line.split()[1] for line in lines if line.split()[1] in text], "a host is named in the code"
