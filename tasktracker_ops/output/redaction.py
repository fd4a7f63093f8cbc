"""The one boundary of all that is printed, logged, annotated or summarised: no secret passes."""

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
# Variables whose values are secrets, by the last words of their names.
_SECRET_NAMES = re.compile(
    r"PASSWORD$|(^|_)(TOKEN|SECRET|PASSWD|PAT|(ACCESS|SECRET|PRIVATE|API)_KEY(_ID)?)$",
    re.IGNORECASE,
)
_ADDRESS_NAMES = ("TT_OPS_ALERT_EMAIL", "ALERT_EMAIL", "TF_VAR_alert_email")
# A shorter one, such as `testing`, is no secret, and would be masked inside of words.
_SHORTEST = 8
# Emulators take an account's number for a key, and it is a part of every ARN.
_ACCOUNT = re.compile(r"\d{12}")
# USER:PASSWORD of a URL or of HOST:PORT; a subject of GitHub's, `repo:OWNER@ID/…`, looks the same.
_USERINFO = re.compile(
    r"(?<=://)[^\s/'\"<>]+(?=@)"
    r"|(?<![\w%/.+-])(?!repo:[\w.-]+@\d+/)[\w%.+-]+:[^\s/@'\"<>]+(?=@[\w\[])"
)
_FORMS = re.compile(
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

    Secrets are the values that settings and environment hold of them, and what looks like one: the
    user information of URLs, access key ids, tokens. A second address that would be shortened to
    the same becomes `o…2@example.com`, as long as the run lasts.
    """

    def __init__(self, settings: Settings, typed: Mapping[str, Any] | None = None) -> None:
        """`typed` are the options on the command line, by the names of their settings."""
        secrets = set(_secrets(settings, typed or {}))
        # The longest first: one may be a part of another.
        self._secrets = sorted({f for s in secrets for f in _written(s)}, key=len, reverse=True)
        self._short: dict[str, list[str]] = {}

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        text = _FORMS.sub(MASK, text)
        if "@" in text or "%40" in text:
            text = _USERINFO.sub(MASK, text)
            text = _ADDRESS.sub(lambda found: self._shortened(*found.groups()), text)
        return text

    def of(self, value: T) -> T:
        """The same value, without secrets in any of its texts."""
        return self._of(value)  # type: ignore[no-any-return]  # of the same type by its cases

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
        """A command line that can be shown and typed: a secret option's value is its variable's."""
        shown, option = [], ""
        for word in words:
            name, equals, value = word.partition("=")
            if equals and name.startswith("--"):
                shown.append(f"{name}={self.argument(name, value)}")
            else:
                shown.append(self.argument(option, word))
            option = word if word.startswith("--") else ""
        return " ".join(shown)

    def argument(self, option: str, value: str) -> str:
        """The value of an option as it is typed in a shell."""
        shown = self(value)
        if shown == value or option not in _VARIABLES:
            return shlex.quote(shown)
        return f'"${_VARIABLES[option]}"'

    def _shortened(self, local: str, at: str, domain: str) -> str:
        same = self._short.setdefault(f"{local[0]}@{domain}".lower(), [])
        if (address := local.lower()) not in same:
            same.append(address)
        number = same.index(address) + 1
        return f"{local[0]}…{number if number > 1 else ''}{at}{domain}"


# The options that may hold a secret, and what else they are set with.
_VARIABLES = {
    "--alert-email": "TT_OPS_ALERT_EMAIL",
    "--api-url": "TT_OPS_API_URL",
}


def _secrets(settings: Settings, typed: Mapping[str, Any]) -> Iterator[str]:
    environ = settings.environ
    named = [value for name, value in environ.items() if _SECRET_NAMES.search(name)]
    yield from (v for v in named if len(v) >= _SHORTEST and not _ACCOUNT.fullmatch(v))
    said = [str(value) for value in (settings.api_url, *typed.values())]
    for text in (*said, *environ.values()):
        for userinfo in _USERINFO.findall(text) if "@" in text else ():
            password = userinfo.partition(":")[2]
            if len(password) >= _SHORTEST:
                yield password
    addresses = [str(settings.alert_email or ""), str(typed.get("alert_email", ""))]
    addresses += [environ.get(name, "") for name in _ADDRESS_NAMES]
    # What is no address is masked whole.
    yield from (a for a in addresses if len(a) >= _SHORTEST and not _ADDRESS.fullmatch(a))


def _written(secret: str) -> Iterator[str]:
    """The secret in all ways of writing it: plain, in URLs, JSON and Python, and cut off."""
    for text in {secret, secret.strip(), quoted(secret)[1:-1].removesuffix("…")}:
        yield text
        yield from (quote(text), quote(text, safe=""), unquote(text))
        yield json.dumps(text)[1:-1]
        yield repr(text)[1:-1]
