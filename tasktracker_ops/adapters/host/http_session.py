"""HTTP sessions that connect directly to servers on this machine."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .loopback import is_localhost, is_loopback
from .requests import requests


def http_session(url: str) -> requests.Session:
    """Return a session for the server at `url`, without a proxy if that is this machine."""
    session = requests.Session()
    session.trust_env = not is_loopback(url)
    for scheme in ("http://", "https://"):
        session.mount(scheme, _LocalhostAdapter())
    return session


class _LocalhostAdapter(requests.adapters.HTTPAdapter):
    """Connects to 127.0.0.1 for `localhost` and its subdomains, which a resolver may not know."""

    def build_connection_pool_key_attributes(  # type: ignore[override] # names private types
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Replace the host to connect to; a certificate is still checked for the name."""
        attributes = super().build_connection_pool_key_attributes(request, verify, cert)
        target, tls = map(dict[str, Any], attributes)
        host = target["host"]
        if is_localhost(host):
            target["host"] = "127.0.0.1"
            if target["scheme"] == "https":
                tls.update(server_hostname=host, assert_hostname=host)
        return target, tls

    def add_headers(self, request: requests.PreparedRequest, **options: Any) -> None:
        """Set the Host header to the name in the URL; urllib3 would set the address."""
        address = urlsplit(request.url or "")
        host = address.hostname or ""
        if is_localhost(host):
            default = {"http": 80, "https": 443}[address.scheme]
            port = "" if address.port in (None, default) else f":{address.port}"
            request.headers.setdefault("Host", f"{host}{port}")
