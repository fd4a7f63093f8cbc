"""The embedded AWS: `python -m tasktracker_ops.local.server --port N --directory DIR`.

One process and one port on loopback: the gateway below `/_aws/execute-api/`, console and health
below `/_tt-ops/`, and moto's control plane for everything else.
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from tasktracker_ops.local.state import ServerState

EXIT_PORT_TAKEN = 98


def main() -> None:
    """Serve until SIGTERM or SIGINT; exit with EXIT_PORT_TAKEN when the port is not free."""
    parser = argparse.ArgumentParser(prog="python -m tasktracker_ops.local.server")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--directory", type=Path, required=True, help="for state, log and code")
    parser.add_argument("--smtp", metavar="HOST:PORT", help="deliver mail to this server as well")
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
        smtp=arguments.smtp,
    )
    _serve(listener, state, arguments.directory.resolve())


def _serve(listener: socket.socket, state: ServerState, directory: Path) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    directory.mkdir(parents=True, exist_ok=True)
    # moto's permission for every web site to call it would let any page run code here.
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"

    from tasktracker_ops.local.application import compose
    from tasktracker_ops.local.http_server import serve_on

    embedded = compose(state, directory)
    server = serve_on(listener, embedded.application)

    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    state.write(directory)
    try:
        server.serve_forever()
    finally:
        embedded.close()
        state.remove(directory)
        logging.shutdown()
        # Tearing down moto and its threads takes longer than everything before it.
        os._exit(0)


def _end(signum: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit


if __name__ == "__main__":
    main()
