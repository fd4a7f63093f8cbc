"""API Gateway's operations, where moto's lack something.

Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/resources.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import unquote

from moto.apigatewayv2.exceptions import APIGatewayV2Error
from moto.apigatewayv2.models import Api, ApiGatewayV2Backend, Route, Stage
from moto.apigatewayv2.responses import ApiGatewayV2Response

from .call import PREFIX

# moto's own, however often ours are put around them.
_moto_create_api = ApiGatewayV2Backend.create_api
_moto_update_route = Route.update
_moto_delete_authorizer = Api.delete_authorizer

# Members that a request replaces as a whole, and their attributes in moto.
_REPLACED = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "clientCertificateId": "client_certificate_id",
    "defaultRouteSettings": "default_route_settings",
    "description": "description",
}


class _AuthorizerReferenced(APIGatewayV2Error):
    code = 409

    def __init__(self, name: str, route_key: str) -> None:
        super().__init__(
            "ConflictException",
            f"Cannot delete authorizer '{name}', is referenced in route: {route_key}",
        )


def create_api_below(url: str) -> Callable[..., Api]:
    """Return the operation CreateApi, which gives an API its endpoint below the emulator's URL."""

    @wraps(_moto_create_api)
    def create_api(backend: ApiGatewayV2Backend, *positional: Any, **named: Any) -> Api:
        api = _moto_create_api(backend, *positional, **named)
        api.api_endpoint = f"{url}{PREFIX}{api.api_id}"
        return api

    return create_api


def update_stage(request: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
    """Do UpdateStage.

    Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html
    """
    api_id, _, name = request.path.split("/")[-3:]
    stage = request.apigatewayv2_backend.get_stage(api_id, unquote(name))
    _update(stage, json.loads(request.body or "{}"))
    return 200, {}, json.dumps(stage.to_json())


def _update(stage: Stage, changes: Mapping[str, Any]) -> None:
    """Replace the settings that are named; of routes and variables, only those named."""
    for name, attribute in _REPLACED.items():
        if name in changes:
            setattr(stage, attribute, changes[name])
    stage.route_settings = {**stage.route_settings, **changes.get("routeSettings", {})}
    variables = {**stage.stage_variables, **changes.get("stageVariables", {})}
    # An empty value removes a variable.
    stage.stage_variables = {name: value for name, value in variables.items() if value != ""}
    stage.updated = datetime.now()


def update_route(route: Route, *, authorization_scopes: list[str] | None, **named: Any) -> None:
    """Do UpdateRoute, an empty list of scopes included.

    Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes-routeid.html
    """
    _moto_update_route(route, authorization_scopes=authorization_scopes, **named)
    if authorization_scopes == []:
        route.authorization_scopes = []


def delete_authorizer(api: Api, authorizer_id: str) -> None:
    """Do DeleteAuthorizer, unless a route still names it."""
    for route in api.routes.values():
        if route.authorizer_id and route.authorizer_id == authorizer_id:
            name = api.get_authorizer(authorizer_id).name
            raise _AuthorizerReferenced(name, route.route_key)
    _moto_delete_authorizer(api, authorizer_id)
