"""DynamoDB for the tests of the function: moto, and real HTTP to it with faults."""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.awsrequest import AWSResponse

from tests.service import MotoDynamoDB

TABLE = "TaskTable"
_READS = ("GetItem", "Query", "Scan")
_OF_TRANSACTIONS = ("TransactionConflict", "ThrottlingError")


class Database(MotoDynamoDB):
    """DynamoDB: moto in this process, one request after the other as for an item."""

    def __init__(self) -> None:
        super().__init__()
        self.is_written = False
        self._lock = threading.Lock()

    def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Return status and body of the response to a request."""
        with self._lock:
            self.is_written |= headers["X-Amz-Target"].partition(".")[2] not in _READS
            return super().answer(headers, body)

    def clear(self, client: Any) -> None:
        """Delete all items of the table, if there may be any."""
        if self.is_written:
            scan = client.get_paginator("scan")
            pages = scan.paginate(TableName=TABLE, ProjectionExpression="task_id")
            deletes = [{"DeleteRequest": {"Key": item}} for page in pages for item in page["Items"]]
            for start in range(0, len(deletes), 25):
                client.batch_write_item(RequestItems={TABLE: deletes[start : start + 25]})
        self.is_written = False


class Wire(ThreadingHTTPServer):
    """The database behind real HTTP, with faults; without ``is_used`` requests bypass it.

    ``calls`` are the operations of all requests received, in order.
    """

    daemon_threads = True

    def __init__(self, database: Database) -> None:
        super().__init__(("127.0.0.1", 0), _Delivery)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.database = database
        self.is_used = False
        self.calls: list[str] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._kind = ""
        self._times = 0
        self._counts: Counter[str] = Counter()

    def bypass(self, request: Any) -> AWSResponse | None:
        """Answer a request of the function in this process unless the wire is used."""
        return None if self.is_used else self.database.send(request)

    def inject(self, kind: str, times: int = 99) -> None:
        """Make the next ``times`` requests of each operation fail."""
        with self._lock:
            self.calls.clear()
            self._counts.clear()
            self._kind, self._times = kind, times

    def clear_faults(self) -> None:
        """End all faults."""
        self.inject("", times=0)

    def fault(self, operation: str) -> str:
        """Record a request, and return its fault or an empty string."""
        with self._lock:
            self.calls.append(operation)
            self._counts[operation] += 1
            fits = operation == "TransactWriteItems" or self._kind not in _OF_TRANSACTIONS
            return self._kind if fits and self._counts[operation] <= self._times else ""


class Bypass:
    """Sends the requests of the function's client, those that the wire leaves by `http`."""

    def __init__(self, wire: Wire, http: Any) -> None:
        self._wire = wire
        self._http = http

    def send(self, request: Any) -> AWSResponse:
        """Return the response to a prepared request."""
        return self._wire.bypass(request) or self._http.send(request)


class _Delivery(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one segment
    server: Wire

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        match self.server.fault(operation):
            case "":
                self._answer(*self.server.database.answer(self.headers, body))
            case "dropped":
                self.close_connection = True
            case "slow":  # longer than the read timeout
                self.server.released.wait(30)
                self.close_connection = True
            case "late":
                time.sleep(1.3)
                self._answer(*self.server.database.answer(self.headers, body))
            case "answer lost":
                self.server.database.answer(self.headers, body)
                self.close_connection = True
            case "answer cut off":
                status, content = self.server.database.answer(self.headers, body)
                self._answer(status, content, cut_off=1)
                self.close_connection = True
            case "500":
                self._answer(500, b'{"__type": "InternalServerError", "message": "no"}')
            case "garbage":
                self._answer(502, b"<html>Bad Gateway</html>")
            case reason if reason in _OF_TRANSACTIONS:
                self._answer(400, _cancelled(reason))
            case code:
                self._answer(400, json.dumps({"__type": f"x#{code}", "message": "no"}).encode())

    def _answer(self, status: int, content: bytes, cut_off: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-amz-crc32", str(zlib.crc32(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) - cut_off])

    def log_message(self, *_: Any) -> None:
        """Write no log."""


def _cancelled(reason: str) -> bytes:
    """Return DynamoDB's answer to a transaction of two writes of which the second failed."""
    reasons = [{"Code": "None"}, {"Code": reason, "Message": "no"}]
    kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
    document = {"__type": kind, "Message": "no", "CancellationReasons": reasons}
    return json.dumps(document).encode()
