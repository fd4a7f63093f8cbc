"""UpdateStage, which moto lacks, on moto's own objects.

Source: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from moto.apigatewayv2.models import Stage
from moto.apigatewayv2.responses import ApiGatewayV2Response

# What a request replaces as a whole, and where moto's stage keeps it.
_REPLACED = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "clientCertificateId": "client_certificate_id",
    "defaultRouteSettings": "default_route_settings",
    "description": "description",
}


def install() -> None:
    """Have API Gateway answer UpdateStage."""
    ApiGatewayV2Response.update_stage = _update_stage  # type: ignore[attr-defined]


def _update_stage(request: ApiGatewayV2Response) -> tuple[int, dict[str, str], str]:
    api_id, _, name = request.path.split("/")[-3:]
    stage = request.apigatewayv2_backend.get_stage(api_id, unquote(name))
    _update(stage, json.loads(request.body or "{}"))
    return 200, {}, json.dumps(stage.to_json())


def _update(stage: Stage, changes: Mapping[str, Any]) -> None:
    """Change what is named: settings as a whole, of routes and variables only those named."""
    for name, attribute in _REPLACED.items():
        if name in changes:
            setattr(stage, attribute, changes[name])
    stage.route_settings = {**stage.route_settings, **changes.get("routeSettings", {})}
    variables = {**stage.stage_variables, **changes.get("stageVariables", {})}
    # A variable without a value is one that is taken away.
    stage.stage_variables = {name: value for name, value in variables.items() if value != ""}
    stage.updated = datetime.now()
