"""The deployed function compared with one that uses boto3's resource: processor time.

Both call a server that answers as DynamoDB does after a write, and costs them nothing.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .measure import compare, run
from .peers import ROOT
from .rows import Measurement, Row

ROWS = (
    Row(
        "handler-cold",
        "the function: import to first answer",
        "one with boto3's resource",
        0.6,
        "ms of CPU",
    ),
    Row("handler-warm", "the function: a warm POST", "one with boto3's resource", 0.8, "ms of CPU"),
)
_HERE = Path(__file__).parent
_OURS = (ROOT / "lambda_function", "handler")
_THEIRS = (_HERE, "first_handler")


def measure(rows: Sequence[Row], turns: int) -> Iterator[Measurement]:
    """Yield the measurement of each row; each value is from a process of its own."""
    with _dynamodb() as url:
        for row in rows:
            key = row.name.removeprefix("handler-")
            yield compare(
                row,
                lambda key=key: _probe(url, *_OURS)[key],
                lambda key=key: _probe(url, *_THEIRS)[key],
                turns,
            )


def _probe(url: str, folder: Path, module: str) -> dict[str, float]:
    granting_nothing = "none"
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "eu-west-3",
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_ACCESS_KEY_ID": granting_nothing,
        "AWS_SECRET_ACCESS_KEY": granting_nothing,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_LAMBDA_RUNTIME_API": "none",
        "TASKS_TABLE_NAME": "tasks",
        "TASKS_INDEX_NAME": "status-task_id-index",
    }
    command = [sys.executable, _HERE / "function_probe.py", folder, module]
    values: dict[str, float] = json.loads(run(command, directory=ROOT, environment=environment))
    return values


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one segment
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer as PutItem does."""
        self.rfile.read(int(self.headers["Content-Length"]))
        content = b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-amz-crc32", str(zlib.crc32(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Write no log."""


@contextmanager
def _dynamodb() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
