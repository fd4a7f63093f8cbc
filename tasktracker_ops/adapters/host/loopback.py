"""Recognising addresses of this machine, which need neither a proxy nor a resolver.

Apart from `http_session`, since requests is slow to import.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Return whether the host of `url` is this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return is_localhost(host) or ip_address(host).is_loopback
    except ValueError:
        return False


def is_localhost(host: str) -> bool:
    """Return whether `host` is `localhost` or a subdomain of it.

    Source: https://www.rfc-editor.org/rfc/rfc6761#section-6.3
    """
    return f".{host.lower().removesuffix('.')}".endswith(".localhost")
