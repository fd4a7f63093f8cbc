"""The platforms that the function's packages are installed for: Lambda's, and this machine's."""

from __future__ import annotations

import platform
import sys

from tasktracker_ops.models.package import PackagePlatform

PYTHON = "3.12"  # as `runtime` of terraform/function.tf
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
# Amazon Linux 2023 has glibc 2.34; the oldest that wheels are built for is that of manylinux2014.
# Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_GLIBC_NEWEST, _GLIBC_OLDEST = 34, 17


def lambda_platform(architecture: str) -> PackagePlatform:
    """Return Lambda's platform for a function's architecture (`arm64` or `x86_64`)."""
    machine = _MACHINES.get(architecture, architecture)
    glibc = range(_GLIBC_NEWEST, _GLIBC_OLDEST - 1, -1)
    return PackagePlatform(
        label=f"Python {PYTHON} on Lambda's {architecture}",
        python=PYTHON,
        machine=machine,
        tags=(*(f"manylinux_2_{minor}_{machine}" for minor in glibc), f"manylinux2014_{machine}"),
        markers={
            "implementation_name": "cpython",
            "implementation_version": f"{PYTHON}.0",
            "os_name": "posix",
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{PYTHON}.0",
            "python_version": PYTHON,
            "sys_platform": "linux",
        },
    )


def this_machine() -> PackagePlatform:
    """Return the platform of the interpreter that runs this."""
    python, machine = f"{sys.version_info[0]}.{sys.version_info[1]}", platform.machine()
    return PackagePlatform(f"Python {python} on this machine ({machine})", python, machine)


def runs_here(target: PackagePlatform) -> bool:
    """Return whether this interpreter can load packages of a platform that have compiled code."""
    here = this_machine()
    return not target.tags or (
        sys.platform == "linux" and (here.python, here.machine) == (target.python, target.machine)
    )
