"""A small HTTP proxy in front of the emulator: it records each call of AWS and injects faults.

A call has the name of its operation, followed by what it is about where that tells calls apart:
`CreateFunction`, `PutObject infra/terraform.tfstate`, `PutItem …-md5`, `Invoke 3`, and with a
canary `UpdateAlias 2 3`. Rules match by fnmatch.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from tests.forwarding import ForwardingHandler, rest_operation

_READS = re.compile(r"(Batch)?(Get|List|Describe|Head|Scan|Query|Simulate)")


@dataclass(frozen=True)
class Fault:
    """What happens to a call: it is refused with `status`, or carried out, then delayed or cut.

    `then` runs after the call was carried out and before its answer is passed on.
    """

    status: int = 0
    code: str = ""
    cut: bool = False
    delay: float = 0.0
    then: Callable[[], None] | None = None


CUT = Fault(cut=True)
DENIED = Fault(403, "AccessDeniedException")
ERROR = Fault(500, "InternalServerError")
UNAVAILABLE = Fault(503, "ServiceUnavailable")
THROTTLED = Fault(429, "TooManyRequestsException")
_SLOW_DOWN = Fault(503, "SlowDown")  # S3's own way to throttle
DELAYED = Fault(delay=3.0)


@dataclass
class _Rule:
    pattern: str
    fault: Fault
    skip: int
    times: float
    is_met: bool = False


@dataclass
class Proxy:
    """Answers at `url` with what `upstream` (host and port) answers, but for the faults."""

    upstream: tuple[str, int] = ("127.0.0.1", 0)
    url: str = ""
    calls: list[str] = field(default_factory=list)
    _rules: list[_Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def inject(self, pattern: str, fault: Fault, *, nth: int = 1, times: float = 1) -> None:
        """Inject `fault` into the nth call that `pattern` matches, and those after it, `times`."""
        with self._lock:
            self._rules.append(_Rule(pattern, fault, nth - 1, times))

    def clear(self) -> list[str]:
        """Forget calls and rules; return the patterns of rules whose moment has not come."""
        with self._lock:
            waiting = [rule.pattern for rule in self._rules if not rule.is_met]
            self._rules.clear()
            self.calls.clear()
        return waiting

    @property
    def writes(self) -> list[str]:
        """Return the calls that change something, in order."""
        return [call for call in self.calls if not _READS.match(call)]

    def fault_for(self, call: str) -> Fault:
        """Record a call; return the first fault that is due."""
        with self._lock:
            self.calls.append(call)
            for rule in self._rules:
                if rule.times <= 0 or not fnmatchcase(call, rule.pattern):
                    continue
                if rule.skip:
                    rule.skip -= 1
                    continue
                rule.times -= 1
                rule.is_met = True
                return rule.fault
        return Fault()


def start() -> Proxy:
    """Start a proxy on a free port; it ends with this process."""
    proxy = Proxy()
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    listener = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    proxy.url = f"http://127.0.0.1:{listener.server_port}"
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    return proxy


class _Handler(ForwardingHandler):
    proxy: Proxy

    @property
    def upstream(self) -> tuple[str, int]:  # type: ignore[override] # another after each start
        return self.proxy.upstream

    def handle_one_request(self) -> None:
        """Let a client that was killed go without a traceback."""
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def _handle(self) -> None:
        body = self.read_body()
        fault = self.proxy.fault_for(name_of(self.command, self.path, self.headers, body))
        if fault.status:
            status, headers, content = _refusal(fault, self.headers)
        else:
            try:
                status, headers, content = self.forward(body)
            except (OSError, http.client.HTTPException):
                fault = CUT  # the emulator is gone
        if fault.then:
            fault.then()
        time.sleep(fault.delay)
        if fault.cut:
            # The connection is reset, as by a router that has lost it.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        self.send_answer(status, headers, content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle


def name_of(method: str, url: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return the operation of a request, and what it is about where that tells calls apart."""
    path = unquote(urlsplit(url).path)
    scope = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/", headers.get("Authorization", ""))
    service = scope[1] if scope else ""
    if target := headers.get("X-Amz-Target"):
        operation = target.rpartition(".")[2]
        return f"{operation} {_subject(body)}".strip()
    if "/operation/" in path:
        return path.rpartition("/")[2]
    if service == "s3":
        _, bucket, key = (*path.split("/", 2), "")[:3]
        kind = "Object" if key else "Bucket"
        return f"{method.title()}{kind} {key or bucket}"
    for candidate in _ACTIONS.findall(body.decode("latin-1")) or parse_qs(urlsplit(url).query).get(
        "Action", []
    ):
        return str(candidate)
    if found := rest_operation(service, method, path):
        return " ".join((found[0], *_versions(found[0], url, body)))
    return f"{method.title()} {path}"


_ACTIONS = re.compile(r"(?:^|&)Action=(\w+)")


def _subject(body: bytes) -> str:
    """Return the key of the lock table, or the parameter, that a request is about."""
    content = json.loads(body or b"{}")
    keys = content.get("Item") or content.get("Key") or {}
    return str(keys.get("LockID", {}).get("S") or content.get("Name") or "")


def _versions(operation: str, url: str, body: bytes) -> Sequence[str]:
    """Return the versions of a function that a request is about."""
    if operation == "Invoke":
        return parse_qs(urlsplit(url).query).get("Qualifier", ())
    if operation == "UpdateAlias":
        content = json.loads(body)
        canaries = (content.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        return (content["FunctionVersion"], *canaries)
    return ()


def _refusal(fault: Fault, headers: Mapping[str, str]) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return the answer that refuses a call, in the form that its service uses."""
    kind = headers.get("Content-Type", "")
    scope = headers.get("Authorization", "")
    text = "injected by a test"
    is_s3 = "/s3/" in scope  # whose objects may be JSON
    if not is_s3 and ("json" in kind or "/lambda/" in scope or "/apigateway/" in scope):
        content = json.dumps({"__type": fault.code, "message": text, "Message": text}).encode()
        return (
            fault.status,
            [
                ("Content-Type", "application/json"),
                ("X-Amzn-ErrorType", fault.code),
            ],
            content,
        )
    if fault == THROTTLED and is_s3:
        fault = _SLOW_DOWN
    error = f"<Code>{fault.code}</Code><Message>{text}</Message>"
    if is_s3:
        xml = f"<Error>{error}<RequestId>injected</RequestId></Error>"
    else:
        xml = (
            f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error>"
            "<RequestId>injected</RequestId></ErrorResponse>"
        )
    return fault.status, [("Content-Type", "text/xml")], xml.encode()
