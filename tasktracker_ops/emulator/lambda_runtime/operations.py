"""Lambda's operations, where moto's lack something or need Docker."""

from __future__ import annotations

import copy
import json
import threading
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import ConflictException, InvalidParameterValueException
from moto.awslambda.models import LambdaFunction, LambdaStorage
from moto.awslambda.responses import LambdaResponse

from tasktracker_ops.emulator.control_plane import NotEmulated

from . import aliases, functions
from .errors import InvalidZipFile, ResourceConflict, TooManyRequests, require_revision
from .pool import Throttled
from .runtime import Result, Runtime

Response = tuple[int, dict[str, str], bytes]

# moto's own, however often ours are put around them.
_moto_update_function_code = LambdaFunction.update_function_code
_moto_delete_function = LambdaStorage.del_function
# Conditions are checked and changes made in two steps.
_one_change = threading.RLock()


def invoke_in(runtime: Runtime) -> Callable[[LambdaResponse], Response]:
    """Return the operation Invoke, which runs functions in `runtime`.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """

    def invoke(request: LambdaResponse) -> Response:
        named = unquote(request.path.rsplit("/", 2)[-2])
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind != "RequestResponse":
            reason = f"InvocationType {kind!r}"
            raise NotEmulated(service="lambda", action="Invoke", reason=reason)
        payload = request.body.encode() if isinstance(request.body, str) else request.body
        name, qualifier = functions.split_name(named, request._get_param("Qualifier"))
        function = functions.resolve(request.region, name, qualifier)
        try:
            result = runtime.invoke(function, payload or b"{}", qualifier=qualifier)
        except Throttled as error:
            raise TooManyRequests(str(error)) from error
        except zipfile.BadZipFile as error:
            raise InvalidZipFile from error
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
        names = [
            alias.name for alias in storage.list_aliases(name) if version in aliases.versions(alias)
        ]
        if names:
            raise ResourceConflict(
                "Unable to delete version because the following aliases reference it: "
                f"[{', '.join(names)}]"
            )
    _moto_delete_function(storage, name, qualifier)


def create_alias(request: LambdaResponse) -> Response:
    """Create an alias, with a second version and its weight if the request has them.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
    """
    name = unquote(request.path.rsplit("/", 2)[-2])
    options = request.json_body
    version = options["FunctionVersion"]
    weights = aliases.weights(options.get("RoutingConfig"))
    storage = request.backend._lambdas
    with _one_change:
        aliases.require_valid_routing(storage, name, version, weights)
        description, routing = options.get("Description", ""), aliases.routing(weights)
        try:
            alias = storage.put_alias(options["Name"], name, version, description, routing)
        except ConflictException as error:
            raise ResourceConflict(error.message) from error
    return _json(201, alias.to_json())


def update_alias(request: LambdaResponse) -> Response:
    """Update an alias: what the request does not name stays, an empty RoutingConfig ends weights.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
    """
    *_, name, _, alias_name = map(unquote, request.path.split("/"))
    options = request.json_body
    storage = request.backend._lambdas
    with _one_change:
        alias = storage.get_alias(alias_name, name)
        require_revision(options, alias.revision_id)
        version = options.get("FunctionVersion", alias.function_version)
        weights = aliases.weights(options.get("RoutingConfig", alias.routing_config))
        aliases.require_valid_routing(storage, name, version, weights)
        alias.update(options.get("Description"), version, aliases.routing(weights))
        alias.revision_id = str(uuid.uuid4())
        return _json(200, alias.to_json())


def _json(status: int, answer: Mapping[str, Any]) -> Response:
    return status, {}, json.dumps(answer).encode()


def _headers(result: Result) -> dict[str, str]:
    headers = {
        "content-type": "application/json",
        "x-amzn-requestid": result.request_id,
        "x-amz-executed-version": result.version,
    }
    if result.error is not None:
        headers["x-amz-function-error"] = "Unhandled"
    return headers
