"""The functions deployed to the emulated Lambda: code, configuration, aliases, permissions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException

from tasktracker_ops.emulator import backends
from tasktracker_ops.local.credentials import ACCOUNT_ID

from . import aliases, lifecycle

# What the path of a version's code begins with, as GetFunction names it.
CODE = "/_tt-ops/code/"


@dataclass(frozen=True)
class FunctionVersion:
    """A version as it would run now; two are equal when the same environment can serve both.

    `timeout` is in seconds, `memory` in MB, `code` the bytes of the deployed zip.
    """

    arn: str
    name: str
    version: str
    region: str
    handler: str
    runtime: str
    timeout: float
    memory: int
    variables: tuple[tuple[str, str], ...]
    code_sha256: str
    code: bytes = field(repr=False, compare=False)

    def invoked_arn(self, qualifier: str | None) -> str:
        """Return the function's ARN with the qualifier that the caller named, if any."""
        unqualified = self.arn.rpartition(":")[0]
        return f"{unqualified}:{qualifier}" if qualifier else unqualified

    @property
    def log_group(self) -> str:
        """Return the log group that Lambda writes to for this function."""
        return f"/aws/lambda/{self.name}"


def split_name(name_or_arn: str, qualifier: str | None) -> tuple[str, str | None]:
    """Return a function's name and its qualifier, which may stand in the name as well."""
    _, _, last = name_or_arn.rpartition(":function:")
    name, _, named = last.partition(":")
    return name, named or qualifier


def resolve(region: str, name: str, qualifier: str | None = None) -> FunctionVersion:
    """Return the version that the next invocation reaches, by a version or alias if one is named.

    An alias with weights leads to one of its versions by chance.
    Raises moto's UnknownFunctionException (an answer 404, ResourceNotFoundException), and
    ResourceConflict while it is being created.
    """
    storage = backend(region)._lambdas
    alias = storage._get_function_aliases(name).get(qualifier)
    reached = aliases.choose_version(alias) if alias else qualifier
    found = storage.get_function_by_name_with_qualifier(name, reached)
    lifecycle.require_active(found)
    found = lifecycle.serving(found)
    version = str(found.version)
    unqualified = f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{found.function_name}"
    return FunctionVersion(
        arn=f"{unqualified}:{version}",
        name=found.function_name,
        version=version,
        region=region,
        handler=found.handler or "",
        runtime=found.run_time or "",
        timeout=float(found.timeout),
        memory=int(found.memory_size),
        variables=tuple(sorted(found.environment_vars.items())),
        code_sha256=found.code_sha_256,
        code=found.code_bytes,
    )


def code_at(path: str) -> bytes | None:
    """Return the zip of the version at a path of the emulator; None where there is none."""
    match path.removeprefix(CODE).split("/"):
        case [region, name, version]:
            with suppress(KeyError, UnknownFunctionException):  # the first one of a region
                return bytes(resolve(region, name, version).code)
    return None


def split_arn(arn: str) -> tuple[str, str, str | None]:
    """Return region, function name and qualifier of a function's ARN or of an invocation URI.

    The URI is the longer form `arn:aws:apigateway:<region>:lambda:path/…/<ARN>/invocations`.
    """
    match = re.search(r"arn:aws:lambda:([^:]+):\d{12}:function:([^:/]+)(?::([^/]+))?", arn)
    if match is None:
        raise ValueError(f"not a function's ARN: {arn}")
    return match[1], match[2], match[3]


def api_may_invoke(region: str, name: str, qualifier: str | None, source_arn: str) -> bool:
    """Return whether the resource policy allows API Gateway to invoke the function (or its alias).

    Source: https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
    """
    resource_end = f"function:{name}" + (f":{qualifier}" if qualifier else "")
    return any(
        statement["Effect"] == "Allow"
        and statement["Resource"].endswith(resource_end)
        and statement["Action"] in ("lambda:InvokeFunction", "lambda:*")
        and statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
        and _conditions_hold(statement.get("Condition", {}), source_arn)
        for statement in _statements(region, name)
    )


def _statements(region: str, name: str) -> Iterator[dict[str, Any]]:
    # moto keeps one policy for all versions and tells them apart by the statement's resource.
    yield from list(backend(region).get_function(name).policy.statements)


def _conditions_hold(conditions: dict[str, dict[str, str]], source_arn: str) -> bool:
    pattern = conditions.get("ArnLike", {}).get("AWS:SourceArn", "*")
    account = conditions.get("StringEquals", {}).get("AWS:SourceAccount", ACCOUNT_ID)
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return account == ACCOUNT_ID and re.fullmatch(expression, source_arn) is not None


def backend(region: str) -> Any:
    """Return moto's Lambda backend of a region."""
    return backends.backend("lambda", region)
