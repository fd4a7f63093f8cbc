"""Entry point of a worker process: AWS's runtime client, tied to the life of its parent.

Run as a script in the folder of the deployed code: `worker.py PARENT_PID HANDLER`. Without a
handler it imports the AWS SDK, and waits on its standard input, a socket, for a function to run.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time

_PR_SET_PDEATHSIG = 1


def _die_with_parent(parent: int) -> None:
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the emulator has stopped")


def _await_function() -> str:
    """Become the worker of the function that is sent, and return its handler."""
    import botocore.session  # noqa: F401  # most of what a start takes

    with socket.socket(fileno=0) as orders:
        content, (output,), *_ = socket.recv_fds(orders, 1 << 16, 1)
        while more := orders.recv(1 << 16):
            content += more
    order = json.loads(content)
    # The lowest number is free: that of the standard input.
    os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.environ.update(order["environment"], _LAMBDA_TELEMETRY_LOG_FD=str(output))
    os.chdir(order["code"])
    time.tzset()
    if _needs_fresh_interpreter():
        os.set_inheritable(output, True)
        os.execv(sys.executable, [sys.executable, *sys.argv, order["handler"]])  # nosec B606 # itself
    return str(order["handler"])


def _needs_fresh_interpreter() -> bool:
    """Return whether the code has a module that is imported already, or Python has options."""
    ours = {name.partition(".")[0] for name in os.listdir()}
    options = {name for name in os.environ if name.startswith("PYTHON")}
    return bool(ours & sys.modules.keys() or options - {"PYTHONUTF8"})


def _run(handler: str) -> None:
    """Run the function as `python -m awslambdaric` does, but without its threads.

    From Python 3.12 on it starts one to wait for each invocation, so that signals arrive meanwhile,
    which takes a third of a short one. The emulator sends none but SIGKILL.
    """
    from awslambdaric import bootstrap
    from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

    bootstrap.run(handler, LambdaRuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"]))


if __name__ == "__main__":
    _die_with_parent(int(sys.argv[1]))
    handler = sys.argv[2] if len(sys.argv) > 2 else _await_function()
    # A script's own folder comes first on the path; in Lambda that place is the code's.
    sys.path[0] = os.getcwd()
    _run(handler)
