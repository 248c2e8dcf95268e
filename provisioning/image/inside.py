"""Runs what Ansible asks for in a system that does not run, from within it: inside.py SOCKET

Owns: one process for the whole playbook, in which Python and Ansible's own parts were loaded once. Each module is a
copy of that process (fork), so that it begins at once: where QEMU translates for another processor, loading takes ten
seconds, and there are hundreds. All else goes to the shell. What comes by the socket are four files: the command, and
what it reads, prints and complains.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import sys
import types

LOADED = ("ansible.module_utils.basic", "ansible.module_utils._internal._ansiballz._loader", "tempfile", "zipfile")
MODULE = "/bin/sh -c '/usr/bin/python3 && sleep 0'"
"""What Ansible asks for where the module is what the command reads."""


def serve(path: str) -> None:
    """Run one command after another, and tell the code of each; a child comes out of it to become a module."""
    sys.path.insert(0, "/run/laptop")
    for name in LOADED:
        importlib.import_module(name)
    way = socket.socket(socket.AF_UNIX)
    way.bind(path)
    way.listen()
    while True:
        asker = way.accept()[0]
        files = socket.recv_fds(asker, 1, 4, socket.MSG_CMSG_CLOEXEC)[1]
        child = os.fork()
        if child == 0:
            become(*files)
            return
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        asker.sendall(str(code).encode())
        asker.close()
        for file in files:
            os.close(file)


def become(command: int, *files: int) -> None:
    """Make this process the command, with the files as its own."""
    with os.fdopen(command) as told:
        words = told.read()
    for place, file in enumerate(files):
        os.dup2(file, place)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if words != MODULE:
        os.execv("/bin/sh", ["/bin/sh", "-c", words])  # noqa: S606
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv[:] = [""]
    exec(compile(sys.stdin.buffer.read(), "<stdin>", "exec"), vars(module))  # noqa: S102


if __name__ == "__main__":
    serve(sys.argv[1])
