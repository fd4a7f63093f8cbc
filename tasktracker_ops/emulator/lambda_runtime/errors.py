"""Errors of Lambda's operations that moto does not have, or has with another code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.awslambda.exceptions import LambdaClientError, PreconditionFailedException


class ResourceConflict(LambdaClientError):
    """The resource exists, is in use, or is being changed."""

    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


class TooManyRequests(LambdaClientError):
    """No concurrency is left for the function."""

    code = 429

    def __init__(self, message: str) -> None:
        super().__init__("TooManyRequestsException", message)


class InvalidZipFile(LambdaClientError):
    """The deployed package is no zip file."""

    code = 502

    def __init__(self) -> None:
        message = "Lambda could not unzip the deployment package."
        super().__init__("InvalidZipFileException", message)


class InvalidInput(LambdaClientError):
    """A member of the request is not what the service's model allows."""

    def __init__(self, value: str, member: str, constraint: str) -> None:
        super().__init__(
            "ValidationException",
            f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
            f"constraint: {constraint}",
        )


def require_revision(request: Mapping[str, Any], current: str) -> None:
    """Refuse a request that names another revision than the current one."""
    if request.get("RevisionId", current) != current:
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
        )
