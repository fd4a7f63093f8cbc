"""Entry point of a worker process: AWS's runtime client, tied to the life of its parent.

Run as a script in the folder of the deployed code: `worker.py HANDLER PARENT_PID`.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _die_with_parent(parent: int) -> None:
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the emulator has stopped")


if __name__ == "__main__":
    _die_with_parent(int(sys.argv.pop()))
    # A script's own folder comes first on the path; in Lambda that place is the code's.
    sys.path[0] = os.getcwd()
    sys.argv[0] = "awslambdaric"
    runpy.run_module("awslambdaric", run_name="__main__")
