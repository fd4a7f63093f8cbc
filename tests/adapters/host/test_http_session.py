"""Addresses of this machine are recognised, and reached without resolver and proxy."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tasktracker_ops.adapters.host.http_session import http_session
from tasktracker_ops.adapters.host.loopback import is_loopback
from tasktracker_ops.adapters.task_api.client import TaskClient
from tests.http_server import serving


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:1/", True),
        ("http://LOCALHOST./", True),
        ("http://abc.execute-api.localhost:4566/", True),
        ("http://127.8.9.10/", True),
        ("http://[::1]:80/", True),
        ("http://notlocalhost/", False),
        ("http://localhost.example.com/", False),
        ("http://10.0.0.1/", False),
        ("http://[nonsense/", False),
        ("", False),
    ],
)
def test_loopback_addresses_are_recognised(url: str, loopback: bool) -> None:
    """By RFC 6761 they include every subdomain of `localhost`."""
    assert is_loopback(url) is loopback


@pytest.mark.parametrize(
    "host", ["abc.execute-api.localhost", "localhost", "A.Localhost", "127.0.0.1"]
)
def test_this_machine_needs_no_resolver_and_no_proxy(
    server: Any, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """The server gets the name as its Host header; no proxy is used."""
    monkeypatch.setattr("socket.getaddrinfo", _only_addresses)
    for variable in ("HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    server.will_answer(204)
    port = server.url.rpartition(":")[2]
    TaskClient(f"http://{host}:{port}").remove("1")
    assert server.asked[0].headers["host"].lower() == f"{host.lower()}:{port}"


def test_other_names_are_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `localhost` and its subdomains are this machine."""
    monkeypatch.setattr("socket.getaddrinfo", _only_addresses)
    with pytest.raises(requests.ConnectionError):
        http_session("http://localhost.example.com").get("http://localhost.example.com", timeout=5)


def _only_addresses(host: str, port: int, *_: Any, **__: Any) -> Any:
    """Resolve nothing but 127.0.0.1."""
    if host != "127.0.0.1":
        raise OSError(f"{host} is not known")
    return [(2, 1, 6, "", (host, port))]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate")
@pytest.mark.parametrize(("host", "valid"), [("abc.localhost", True), ("other.localhost", False)])
def test_certificate_is_checked_for_the_name(tmp_path: Path, host: str, valid: bool) -> None:
    """Not for the address of the connection."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = ["-subj", "/CN=abc.localhost", "-addext", "subjectAltName=DNS:abc.localhost"]
    subprocess.run(
        ["openssl", "req", *options.split(), *names, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    listener = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    with serving(listener):
        url = f"https://{host}:{listener.server_port}/"
        session = http_session(url)
        session.verify = str(certificate)
        if valid:
            assert session.get(url, timeout=5).status_code == 501
        else:
            with pytest.raises(requests.exceptions.SSLError, match=r"other\.localhost"):
                session.get(url, timeout=5)
