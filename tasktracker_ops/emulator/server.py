"""The emulator's process: `python -m tasktracker_ops.emulator.server --port N --directory DIR`.

One process and one port on loopback: the gateway below `/_aws/execute-api/`, status page and health
below `/_tt-ops/`, and moto's control plane for everything else.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import logging
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType

from tasktracker_ops.local.state import EXIT_PORT_TAKEN, ServerState
from tasktracker_ops.local.version import this_version

_CHECK_SECONDS = 1.0
_M_ARENA_MAX = -8  # of malloc.h


def main() -> None:
    """Serve until SIGTERM, SIGINT or the removal of the directory.

    Exits with EXIT_PORT_TAKEN when the port is not free.
    """
    parser = argparse.ArgumentParser(prog="python -m tasktracker_ops.emulator.server")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--directory", type=Path, required=True, help="for state, log and code")
    parser.add_argument("--persist", action="store_true", help="keep snapshots, restore the last")
    arguments = parser.parse_args()
    # Bound before the slow imports, so that a taken port is known at once.
    try:
        listener = socket.create_server(("127.0.0.1", arguments.port), backlog=128)
    except OSError as error:
        print(f"port {arguments.port}: {error.strerror}", file=sys.stderr)
        sys.exit(EXIT_PORT_TAKEN)
    state = ServerState(
        pid=os.getpid(),
        port=listener.getsockname()[1],
        id=secrets.token_hex(16),
        started_at=datetime.now(UTC),
        version=this_version(),
    )
    _serve(listener, state, arguments.directory.resolve(), persists=arguments.persist)


def _serve(listener: socket.socket, state: ServerState, directory: Path, *, persists: bool) -> None:
    _share_one_heap()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    directory.mkdir(parents=True, exist_ok=True)
    # moto allows every web site to call it, so any page could run code here.
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"

    from .application import compose
    from .http_server import REQUEST_LIMIT_BYTES, serve_on

    # Objects stay in memory: a snapshot is a copy of that, not of open files.
    os.environ["MOTO_S3_DEFAULT_KEY_BUFFER_SIZE"] = str(REQUEST_LIMIT_BYTES)
    emulator = compose(state, directory, persists=persists)
    server = serve_on(listener, emulator.application)
    # What is imported by now stays: a look for garbage without it halts all requests for 0.1 s, not
    # for 0.2.
    gc.freeze()

    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    state.write(directory)
    # Without the folder this process cannot be found and stopped.
    is_lost = partial(_is_another, directory, _identity(directory))
    threading.Thread(target=_stop_when, args=(is_lost,), name="folder", daemon=True).start()
    try:
        server.serve_forever()
    finally:
        emulator.close()
        state.remove(directory)
        logging.shutdown()
        # Tearing down moto and its threads would take longer than all the rest.
        os._exit(0)


def _share_one_heap() -> None:
    """Let all threads allocate from one heap, as only one of them runs Python at a time.

    glibc makes a heap for each connection, and what is free in one is of no use to the others.
    """
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _stop_when(is_lost: Callable[[], bool]) -> None:
    while not is_lost():
        time.sleep(_CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _is_another(directory: Path, identity: tuple[int, int]) -> bool:
    """Return whether a folder was removed, even if there is a new one in its place."""
    try:
        return _identity(directory) != identity
    except FileNotFoundError:
        return True
    except OSError:  # such as too many open files: nothing is known then
        return False


def _identity(directory: Path) -> tuple[int, int]:
    status = directory.stat()
    return status.st_dev, status.st_ino


def _stop(signum: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit


if __name__ == "__main__":
    main()
