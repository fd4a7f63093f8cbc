"""API Gateway's operations, where moto's lack something.

Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/resources.html
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from moto.apigatewayv2.exceptions import APIGatewayV2Error
from moto.apigatewayv2.models import Api, ApiGatewayV2Backend, Route
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.backends import get_backend
from moto.core.utils import camelcase_to_underscores

from .call import PREFIX

# moto's own methods: `patches.py` replaces them.
_moto_create_api = ApiGatewayV2Backend.create_api
_moto_update_route = Route.update
_moto_delete_authorizer = Api.delete_authorizer


class _AuthorizerReferenced(APIGatewayV2Error):
    code = 409

    def __init__(self, name: str, route_key: str) -> None:
        super().__init__(
            "ConflictException",
            f"Cannot delete authorizer '{name}', is referenced in route: {route_key}",
        )


def create_api(backend: ApiGatewayV2Backend, url: str, *positional: Any, **named: Any) -> Api:
    """Create an API with its endpoint below `url`."""
    api = _moto_create_api(backend, *positional, **named)
    api.api_endpoint = f"{url}{PREFIX}{api.api_id}"
    return api


def move_apis(url: str) -> None:
    """Give every API its endpoint below `url`, where the emulator was at another address."""
    for backends in list(get_backend("apigatewayv2").values()):
        for backend in list(backends.values()):
            for api in backend.apis.values():
                api.api_endpoint = f"{url}{PREFIX}{api.api_id}"


def get_authorizers(request: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
    """Answer GetAuthorizers with all of them.

    Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html
    """
    api = request.apigatewayv2_backend.get_api(request.path.split("/")[-2])
    items = [authorizer.to_json() for authorizer in api.authorizers.values()]
    return 200, {}, json.dumps({"items": items})


def update_stage(request: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
    """Answer UpdateStage: replace the members that the request has.

    Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html
    """
    api_id, _, name = request.path.split("/")[-3:]
    stage = request.apigatewayv2_backend.get_stage(api_id, unquote(name))
    for name, value in json.loads(request.body or "{}").items():
        setattr(stage, camelcase_to_underscores(name), value)
    stage.updated = datetime.now()
    return 200, {}, json.dumps(stage.to_json())


def update_route(route: Route, *, authorization_scopes: list[str] | None, **named: Any) -> None:
    """Update a route, its scopes also where the list is empty.

    Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes-routeid.html
    """
    _moto_update_route(route, authorization_scopes=authorization_scopes, **named)
    if authorization_scopes == []:
        route.authorization_scopes = []


def delete_authorizer(api: Api, authorizer_id: str) -> None:
    """Delete an authorizer; refuse where a route still refers to it."""
    for route in api.routes.values():
        if route.authorizer_id and route.authorizer_id == authorizer_id:
            name = api.get_authorizer(authorizer_id).name
            raise _AuthorizerReferenced(name, route.route_key)
    _moto_delete_authorizer(api, authorizer_id)
