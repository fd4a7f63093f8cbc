"""Which process this is, and whether another one of this machine is still running."""

from __future__ import annotations

import os
import pwd
import socket
import uuid
from functools import cache
from pathlib import Path

from tasktracker_ops.models.lock import ProcessIdentity

_SAME_START = 2.0  # seconds: the kernel's boot time is in whole seconds, and may be adjusted


def user_at_host() -> str:
    """Return user@host, as Terraform writes it into its locks."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = ""
    return f"{user}@{socket.gethostname()}"


def this_process() -> ProcessIdentity:
    """Return the identity of this process."""
    return identify(os.getpid())


def identify(pid: int) -> ProcessIdentity:
    """Return the identity of a process of this machine. Raises psutil.NoSuchProcess."""
    return ProcessIdentity(_machine(), pid, _started(pid))


def is_running(process: ProcessIdentity) -> bool | None:
    """Return whether a process runs; None on another machine, where it cannot be seen."""
    import psutil

    if process.machine != _machine():
        return None
    try:
        if psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(_started(process.pid) - process.started) <= _SAME_START
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _started(pid: int) -> float:
    """Return when a process started, in seconds since the boot, whatever the clock was set to."""
    import psutil

    return round(float(psutil.Process(pid).create_time() - psutil.boot_time()), 2)


@cache
def _machine() -> str:
    """Return what names this boot of this machine, and the namespace of its pids.

    Two containers of one host have different pids, and cannot see each other's processes.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{socket.gethostname()}/{uuid.getnode():x}"
