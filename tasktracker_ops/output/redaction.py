"""Redaction: the one boundary that keeps secrets out of everything printed or logged."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from tasktracker_ops.errors import quoted
from tasktracker_ops.settings import Settings

T = TypeVar("T")
MASK = "***"
# Variables whose values are secrets.
_SECRET_NAMES = re.compile(
    r"PASSWORD$|(^|_)(TOKEN|SECRET|PASSWD|PAT|(ACCESS|SECRET|PRIVATE|API)_KEY(_ID)?)$",
    re.IGNORECASE,
)
_ADDRESS_NAMES = ("TT_OPS_ALERT_EMAIL", "ALERT_EMAIL", "TF_VAR_alert_email")
# A shorter value, such as `testing`, is no secret, and would be masked inside of words.
_MIN_LENGTH = 8
# Emulators accept an account id as a key, and it is part of every ARN.
_ACCOUNT_ID = re.compile(r"\d{12}")
# USER:PASSWORD of a URL or HOST:PORT, but not a subject of GitHub's OIDC, `repo:OWNER@ID/…`.
_USERINFO = re.compile(
    r"(?<=://)[^\s/'\"<>]+(?=@)"
    r"|(?<![\w%/.+-])(?!repo:[\w.-]+@\d+/)[\w%.+-]+:[^\s/@'\"<>]+(?=@[\w\[])"
)
_PATTERNS = re.compile(
    # Access key ids: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"  # JSON Web Tokens
    r"|(?<=\bBearer )[\w.~+/-]{16,}=*|(?<=\bBasic )[\w.~+/-]{16,}=*"
    r"|(?<=X-Amz-Signature=)\w+|(?<=X-Amz-Security-Token=)[\w%.~+/-]+"
)
_ADDRESS = re.compile(
    r"(?<![\w.+%…-])([\w.+%-]+?)(@|%40)((?:[\w-]+\.)+[^\W\d_][\w-]*[^\W_])", re.IGNORECASE
)


class Redaction:
    """Replaces secrets by `***` and shortens e-mail addresses to `o…@example.com`.

    Secrets are the values of secret settings and variables, and what looks like one: user
    information in URLs, access key ids, tokens. A second address that would be shortened to the
    same text becomes `o…2@example.com` for the rest of the run.
    """

    def __init__(self, settings: Settings, flags: Mapping[str, Any] | None = None) -> None:
        """Create a redaction; `flags` are the settings on the command line, by name."""
        secrets = set(_secrets(settings, flags or {}))
        # The longest first: one may be part of another.
        texts = {text for secret in secrets for text in _encodings(secret)}
        self._secrets = sorted(texts, key=len, reverse=True)
        self._addresses: dict[str, list[str]] = {}

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        text = _PATTERNS.sub(MASK, text)
        if "@" in text or "%40" in text:
            text = _USERINFO.sub(MASK, text)
            text = _ADDRESS.sub(lambda match: self._shorten_address(*match.groups()), text)
        return text

    def of(self, value: T) -> T:
        """Return the same value, without secrets in any of its texts."""
        return self._of(value)  # type: ignore[no-any-return]  # each case returns its own type

    def _of(self, value: Any) -> Any:
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Path):
            return Path(self(str(value)))
        if is_dataclass(value) and not isinstance(value, type):
            if not getattr(value, "redacted", True):
                return value
            changed = {f.name: self._of(getattr(value, f.name)) for f in fields(value) if f.init}
            return replace(value, **changed)
        if isinstance(value, Mapping):
            return {key: self._of(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(self._of, value))
        return value

    def command(self, words: Sequence[str]) -> str:
        """Return a command line to type, in which variables stand for secret values of options."""
        redacted, option = [], ""
        for word in words:
            name, equals, value = word.partition("=")
            if equals and name.startswith("--"):
                redacted.append(f"{name}={self.argument(name, value)}")
            else:
                redacted.append(self.argument(option, word))
            option = word if word.startswith("--") else ""
        return " ".join(redacted)

    def argument(self, option: str, value: str) -> str:
        """Return the value of an option, quoted for a shell."""
        redacted = self(value)
        if redacted == value or option not in _VARIABLES:
            return shlex.quote(redacted)
        return f'"${_VARIABLES[option]}"'

    def _shorten_address(self, local: str, at: str, domain: str) -> str:
        same = self._addresses.setdefault(f"{local[0]}@{domain}".lower(), [])
        if (address := local.lower()) not in same:
            same.append(address)
        number = same.index(address) + 1
        return f"{local[0]}…{number if number > 1 else ''}{at}{domain}"


# Options that may have a secret, and their variables.
_VARIABLES = {
    "--alert-email": "TT_OPS_ALERT_EMAIL",
    "--api-url": "TT_OPS_API_URL",
}


def _secrets(settings: Settings, flags: Mapping[str, Any]) -> Iterator[str]:
    environ = settings.environ
    named = [value for name, value in environ.items() if _SECRET_NAMES.search(name)]
    yield from (v for v in named if len(v) >= _MIN_LENGTH and not _ACCOUNT_ID.fullmatch(v))
    for text in map(str, (settings.api_url, *flags.values(), *environ.values())):
        for userinfo in _USERINFO.findall(text) if "@" in text else ():
            password = userinfo.partition(":")[2]
            if len(password) >= _MIN_LENGTH:
                yield password
    addresses = [str(settings.alert_email or ""), str(flags.get("alert_email", ""))]
    addresses += [environ.get(name, "") for name in _ADDRESS_NAMES]
    # A value that is not a valid address is masked as a whole.
    yield from (a for a in addresses if len(a) >= _MIN_LENGTH and not _ADDRESS.fullmatch(a))


def _encodings(secret: str) -> Iterator[str]:
    """Yield the secret plain, as in URLs, JSON and Python, and cut off."""
    for text in {secret, secret.strip(), quoted(secret)[1:-1].removesuffix("…")}:
        yield text
        yield from (quote(text), quote(text, safe=""), unquote(text))
        yield json.dumps(text)[1:-1]
        yield repr(text)[1:-1]
