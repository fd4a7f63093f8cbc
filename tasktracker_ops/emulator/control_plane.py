"""moto's services as one WSGI application; what they lack is refused in each service's protocol.

Clients retry HTML and status 500, Terraform for many minutes; they give up at once on a 400 with an
error code.
"""

from __future__ import annotations

import http.client
import json
import logging
import re
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from botocore.exceptions import UnknownServiceError
from flask import Flask, Response, request
from moto.core import responses
from moto.core.exceptions import ServiceException
from moto.core.request import Request
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.moto_server.werkzeug_app import (
    BackendRequest,
    DomainDispatcherApplication,
    create_backend_app,
)
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response
from werkzeug.exceptions import HTTPException

from . import dynamodb_requests

_log = logging.getLogger(__name__)
_CREDENTIAL_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")


class NotEmulated(ServiceException):
    """An action, or an option of one, that the emulator does not have."""

    code = "NotImplemented"
    message = "{service} {action} is not emulated: {reason}"


class UnknownRegion(ServiceException):
    """A request signed for a region that the service does not have."""

    code = "InvalidRegion"
    message = "{service} has no region '{region}'"


def create_application() -> WSGIApplication:
    """Return moto's services; each answers NotImplemented where moto has no route or fails."""
    application = DomainDispatcherApplication(_create_service)
    # moto lists its folders for each request, which takes as long as many a request itself.
    application.get_backend_for_host = lru_cache(  # type: ignore[method-assign]
        application.get_backend_for_host
    )
    # It inspects the class of the service as well, and looks at each character of the operation's
    # name: a tenth of a request to DynamoDB.
    responses.method_names_from_class = lru_cache(  # type: ignore[attr-defined]
        method_names_from_class
    )
    responses.camelcase_to_underscores = lru_cache(  # type: ignore[attr-defined]
        camelcase_to_underscores
    )

    def serve(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        region = dynamodb_requests.region_of(environ)
        if region is None:
            answer: Iterable[bytes] = application(environ, start_response)
            return answer
        try:
            status, headers, body = dynamodb_requests.answer(environ, region)
        except Exception as error:
            environ["wsgi.input"].seek(0)
            with application.get_application(environ).request_context(environ):
                return _answer("dynamodb", error)(environ, start_response)  # type: ignore[no-any-return]
        start_response(f"{status} {http.client.responses[status]}", list(headers.items()))
        return [body]

    return serve


def _create_service(name: Any) -> Flask:
    # moto serves both versions of API Gateway by the first one, whose packages are not installed.
    routes: Any = "apigatewayv2" if name == "apigateway" else name
    try:
        service = create_backend_app(routes) if routes else _without_routes()
    except ImportError:  # a service of moto whose dependencies are not installed
        service = _without_routes()
    if name == "s3":
        service.before_request(_require_s3_operation)
    service.register_error_handler(Exception, partial(_answer, name))
    return service


def _without_routes() -> Flask:
    service = Flask("moto", static_folder=None)
    service.request_class = BackendRequest
    return service


def _require_s3_operation() -> None:
    """Refuse an operation that moto would take for another one, such as DeleteBucket.

    Raises NotImplementedError.
    """
    s3 = S3Response()
    action = s3._get_action_from_method_and_request_uri(_request())
    name = camelcase_to_underscores(action or "")
    if action and not hasattr(s3, name) and not hasattr(S3Backend, name):
        raise NotImplementedError(f"The {name} action has not been implemented")


def _answer(name: str | None, error: Exception) -> Any:
    """Return the response to a request that moto has no route for, or that made it fail."""
    if isinstance(error, HTTPException) and request.routing_exception is None:
        return error  # moto's way to answer an error of AWS
    if isinstance(error, OSError):
        raise error  # of this machine, and worth a retry: status 500
    name = name or _signing_name()
    # One URL serves two versions of API Gateway, and moto both by the first one's application.
    if name == "apigateway" and request.path.startswith("/v2/"):
        name = "apigatewayv2"
    moto_response = BaseResponse(name)
    moto_response.setup_class(_request(), use_raw_body=True)  # the body may be no text
    refusal = _refusal(moto_response, error)
    try:
        status, headers, body = moto_response.serialized(ActionResult(refusal))
    except UnknownServiceError:
        status, headers = 400, {"X-Amzn-ErrorType": refusal.code}
        body = json.dumps({"__type": refusal.code, "message": refusal.message})
    return Response(body, status, headers)


def _request() -> Request:
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    return current


def _signing_name() -> str:
    match = _CREDENTIAL_SCOPE.search(request.headers.get("Authorization", ""))
    return match[1] if match else "aws"


def _refusal(moto_response: BaseResponse, error: Exception) -> ServiceException:
    if isinstance(error, ServiceException):
        return error
    service, region = moto_response.boto3_service_name, moto_response.region
    # moto looks up a service's backend by its region.
    if isinstance(error, KeyError) and error.args == (region,):
        return UnknownRegion(service=service, region=region)
    if isinstance(error, HTTPException):
        reason = "moto has no route for it"
    elif isinstance(error, NotImplementedError):
        reason = str(error)
    else:
        reason = f"moto fails with {type(error).__name__}: {error}"
        _log.error("%s %s", request.method, request.path, exc_info=error)
    action = _action(moto_response) or f"{request.method} {request.path}"
    refusal = NotEmulated(service=service, action=action, reason=reason)
    _log.info("%s", refusal)
    return refusal


def _action(moto_response: BaseResponse) -> str | None:
    try:
        return moto_response._get_action()
    except UnknownServiceError:
        return None
