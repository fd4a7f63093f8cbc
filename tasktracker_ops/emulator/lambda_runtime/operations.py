"""Lambda's operations, where moto's lack something or need Docker."""

from __future__ import annotations

import copy
import json
import threading
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import ConflictException, InvalidParameterValueException
from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage
from moto.awslambda.responses import LambdaResponse
from moto.core.utils import iso_8601_datetime_with_nanoseconds

from tasktracker_ops.emulator.control_plane import NotEmulated

from . import aliases, functions
from .errors import InvalidZipFile, ResourceConflict, TooManyRequests, require_revision
from .lifecycle import Lifecycle, require_settled
from .pool import Throttled
from .runtime import Result, Runtime

Response = tuple[int, dict[str, str], bytes]

# moto's own methods: `patches.py` replaces them.
_moto_get_configuration = LambdaFunction.get_configuration
_moto_get_code = LambdaFunction.get_code
_moto_put_function = LambdaStorage.put_function
_moto_delete_function = LambdaStorage.del_function
# Conditions are checked and changes made in two steps.
_one_change = threading.RLock()


def invoke(request: LambdaResponse, runtime: Runtime) -> Response:
    """Answer Invoke: run a function in `runtime`.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """
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


def put_function(storage: LambdaStorage, function: LambdaFunction) -> None:
    """Keep a function that is created, and Pending for a moment.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
    """
    _moto_put_function(storage, function)
    Lifecycle.begin(function)


def get_configuration(function: LambdaFunction, on_create: bool = False) -> dict[str, Any]:
    """Return the configuration of a function or version, with its state and revision.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
    """
    configuration = _moto_get_configuration(function, on_create=True)
    return {**configuration, **Lifecycle.of(function).members()}


def get_code(function: LambdaFunction, url: str) -> dict[str, Any]:
    """Return what GetFunction answers; the code is served by the emulator at `url`.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
    """
    where = f"{functions.CODE}{function.region}/{function.function_name}/{function.version}"
    code = {"RepositoryType": "S3", "Location": f"{url}{where}"}
    return {**_moto_get_code(function), "Code": code}


def update_function_code(
    backend: LambdaBackend,
    runtime: Runtime,
    function_name: str,
    qualifier: str | None,
    body: dict[str, Any],
) -> dict[str, Any]:
    """Update a function's code, and its processor where one is named; publish it if asked.

    `runtime` will run the code.
    Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
    """
    for option in ("DryRun", "S3ObjectVersion"):
        if body.get(option):
            raise NotEmulated(service="lambda", action="UpdateFunctionCode", reason=option)
    storage = backend._lambdas
    with _one_change:
        function = _update(storage, function_name, body, partial(_change_code, body))
        runtime.prepare()
        if body.get("Publish"):
            function = storage.publish_version(function_name) or function
        return function.get_configuration()


def _change_code(body: dict[str, Any], function: LambdaFunction) -> None:
    function.code = dict(function.code)  # published versions share it
    function.architectures = body.get("Architectures") or function.architectures
    try:
        function._set_function_code(body)
    except ValueError as error:  # moto's way to say that there is no such bucket
        raise InvalidParameterValueException(error.args[1]) from error
    if not function.code_bytes:  # moto takes a missing object for an empty one
        raise InvalidParameterValueException(
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
            "S3 Error Message: The specified key does not exist."
        )


def update_function_configuration(
    backend: LambdaBackend, function_name: str, qualifier: str | None, body: dict[str, Any]
) -> dict[str, Any]:
    """Update a function's configuration.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
    """
    with _one_change:
        function = _update(
            backend._lambdas,
            function_name,
            body,
            lambda function: function.update_configuration(body),
        )
        return function.get_configuration()


def _update(
    storage: LambdaStorage,
    name_or_arn: str,
    request: Mapping[str, Any],
    change: Callable[[LambdaFunction], Any],
) -> LambdaFunction:
    """Return the function after a change, all of it or nothing.

    Invocations run the old code and configuration until the update has ended.
    """
    function = storage.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
    require_settled(function)
    require_revision(request, Lifecycle.of(function).revision)
    changed, before = copy.copy(function), copy.copy(function)
    change(changed)
    changed.last_modified = iso_8601_datetime_with_nanoseconds()
    vars(function).update(vars(changed))
    Lifecycle.begin(function, before)
    return function


def publish_version(request: LambdaResponse) -> Response:
    """Publish a version, unless code or revision are not those that the request names.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
    """
    name = unquote(request.path.split("/")[-2])
    options = json.loads(request.body or "{}")
    storage = request.backend._lambdas
    with _one_change:
        latest = storage.get_function_by_name_or_arn_forbid_qualifier(name)
        require_settled(latest)
        require_revision(options, Lifecycle.of(latest).revision)
        expected = options.get("CodeSha256") or latest.code_sha_256
        if expected != latest.code_sha_256:
            raise InvalidParameterValueException(
                f"CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST "
                f"({latest.code_sha_256}). Please try again with the CodeSHA256 in $LATEST."
            )
        version = keep_version(storage, name, options.get("Description") or "")
        return _json(201, version.get_configuration())


def keep_version(storage: LambdaStorage, name_or_arn: str, description: str = "") -> LambdaFunction:
    """Keep a version under a number that the function's name has never had before.

    moto counts the versions there are. Where code and configuration are those of the last version,
    that one is returned.
    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html
    """
    latest = storage.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
    name, content = latest.function_name, _content(latest)
    versions: list[LambdaFunction] = storage._functions[name]["versions"]
    numbers: Counter[str] = vars(storage).setdefault("tt_ops_version_numbers", Counter())
    last = versions[-1] if versions else None
    if last and last.version == numbers[name] and vars(last)["tt_ops_content"] == content:
        return last
    numbers[name] += 1
    version = copy.copy(latest)
    version.set_version(numbers[name])
    if description:
        version.description = description
    vars(version).update(tt_ops_content=content, tt_ops_lifecycle=Lifecycle.of(latest).published())
    versions.append(version)
    storage._arns[version.function_arn] = version
    return version


def _content(function: LambdaFunction) -> dict[str, Any]:
    """Return code and configuration of a function, as a version keeps them."""
    configuration = _moto_get_configuration(function, on_create=True)
    return {
        name: value
        for name, value in configuration.items()
        if name not in ("FunctionArn", "LastModified", "Version")
    }


def delete_function(storage: LambdaStorage, name_or_arn: str, qualifier: str | None = None) -> None:
    """Delete a function, or a version of it that no alias points to.

    Its invocations under way end normally.
    Source: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
    """
    with _one_change:
        _delete_function(storage, name_or_arn, qualifier)


def _delete_function(storage: LambdaStorage, name_or_arn: str, qualifier: str | None) -> None:
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
