"""Lambda's operations, where moto's lack something or need Docker."""

from __future__ import annotations

import copy
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError
from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction, LambdaStorage
from moto.awslambda.responses import LambdaResponse

from tasktracker_ops.emulator.control_plane import NotEmulated

from . import functions
from .pool import Throttled
from .runtime import Result, Runtime

Response = tuple[int, dict[str, str], bytes]

# moto's own, however often ours are put around them.
_moto_update_function_code = LambdaFunction.update_function_code
_moto_delete_function = LambdaStorage.del_function
_moto_create_alias = LambdaBackend.create_alias
_moto_update_alias = LambdaBackend.update_alias


class _ResourceConflict(LambdaClientError):
    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ResourceConflictException", message)


class _InvalidZipFile(LambdaClientError):
    code = 502

    def __init__(self) -> None:
        message = "Lambda could not unzip the deployment package."
        super().__init__("InvalidZipFileException", message)


class _TooManyRequests(LambdaClientError):
    code = 429

    def __init__(self, message: str) -> None:
        super().__init__("TooManyRequestsException", message)


def invoke_in(runtime: Runtime) -> Callable[[LambdaResponse], Response]:
    """Return the operation Invoke, which runs functions in `runtime`.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """

    def invoke(request: LambdaResponse) -> Response:
        name = unquote(request.path.rsplit("/", 2)[-2])
        qualifier = request._get_param("Qualifier")
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind != "RequestResponse":
            reason = f"InvocationType {kind!r}"
            raise NotEmulated(service="lambda", action="Invoke", reason=reason)
        payload = request.body.encode() if isinstance(request.body, str) else request.body
        function = functions.resolve(request.region, name, qualifier)
        try:
            result = runtime.invoke(function, payload or b"{}", qualifier=qualifier)
        except Throttled as error:
            raise _TooManyRequests(str(error)) from error
        except zipfile.BadZipFile as error:
            raise _InvalidZipFile from error
        return 200, _headers(result), result.payload

    return invoke


def update_function_code(function: LambdaFunction, changes: dict[str, Any]) -> dict[str, Any]:
    """Update a function's code, and its processor where one is named.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
    """
    if changes.get("Architectures") and not changes.get("DryRun"):
        function.architectures = changes["Architectures"]
    return _moto_update_function_code(function, changes)


def publish_version(
    storage: LambdaStorage, name_or_arn: str, description: str = ""
) -> LambdaFunction:
    """Publish a version under a number that the function's name has never had before.

    moto counts the versions there are. Without a change since the last one, that one is returned.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
    """
    latest = storage.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
    name = latest.function_name
    versions: list[LambdaFunction] = storage._functions[name]["versions"]
    numbers: Counter[str] = vars(storage).setdefault("tt_ops_version_numbers", Counter())
    if versions and versions[-1].version == numbers[name] and not latest.code_or_config_updated:
        return versions[-1]
    numbers[name] += 1
    latest.code_or_config_updated = False
    version = copy.copy(latest)
    version.set_version(numbers[name])
    if description:
        version.description = description
    versions.append(version)
    storage._arns[version.function_arn] = version
    return version


def delete_function(storage: LambdaStorage, name_or_arn: str, qualifier: str | None = None) -> None:
    """Delete a function, or a version of it that no alias points to.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
    """
    _, name, named = storage.split_function_arn(name_or_arn)
    qualifier = named or qualifier
    if qualifier == "$LATEST":
        raise InvalidParameterValueException(
            "$LATEST version cannot be deleted without deleting the function."
        )
    if qualifier:
        version = str(storage.get_function_by_name_with_qualifier(name, qualifier).version)
        aliases = [
            alias.name for alias in storage.list_aliases(name) if alias.function_version == version
        ]
        if aliases:
            raise _ResourceConflict(
                "Unable to delete version because the following aliases reference it: "
                f"[{', '.join(aliases)}]"
            )
    _moto_delete_function(storage, name, qualifier)


def create_alias(backend: LambdaBackend, **options: Any) -> LambdaAlias:
    """Create an alias; refuse weights."""
    _refuse_weights("CreateAlias", options["routing_config"])
    return _moto_create_alias(backend, **options)


def update_alias(backend: LambdaBackend, **options: Any) -> LambdaAlias:
    """Update an alias; refuse weights."""
    _refuse_weights("UpdateAlias", options["routing_config"])
    return _moto_update_alias(backend, **options)


def _refuse_weights(action: str, routing: Mapping[str, Any] | None) -> None:
    if routing and routing.get("AdditionalVersionWeights"):
        reason = "RoutingConfig with AdditionalVersionWeights"
        raise NotEmulated(service="lambda", action=action, reason=reason)


def _headers(result: Result) -> dict[str, str]:
    headers = {
        "content-type": "application/json",
        "x-amzn-requestid": result.request_id,
        "x-amz-executed-version": result.version,
    }
    if result.error is not None:
        headers["x-amz-function-error"] = "Unhandled"
    return headers
