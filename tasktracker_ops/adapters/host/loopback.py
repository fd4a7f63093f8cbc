"""Addresses on this machine: neither a proxy nor a resolver has to be asked for them."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Tell whether `url` names this machine itself."""
    try:
        host = urlsplit(url).hostname or ""
        return is_localhost(host) or ip_address(host).is_loopback
    except ValueError:
        return False


def is_localhost(host: str) -> bool:
    """Tell whether `host` is `localhost` or a name below it.

    Source: https://www.rfc-editor.org/rfc/rfc6761#section-6.3
    """
    return f".{host.lower().removesuffix('.')}".endswith(".localhost")
