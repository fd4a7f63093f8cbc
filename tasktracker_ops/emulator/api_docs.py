"""`GET /docs`: the description that a deployed API serves, as a page."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from werkzeug.wrappers import Response

from .gateway import gateway
from .gateway.call import PREFIX
from .lambda_runtime import functions

PATH = "/docs"
_DESCRIPTION = "openapi.json"


def is_requested(environ: dict[str, Any]) -> bool:
    """Return whether a browser asks for the page; a signed request is one for a bucket `docs`."""
    return (
        environ["PATH_INFO"] == PATH
        and environ["REQUEST_METHOD"] == "GET"
        and "HTTP_AUTHORIZATION" not in environ
        and "X-Amz-" not in environ.get("QUERY_STRING", "")
    )


def answer(url: str, api_id: str | None) -> Response | None:
    """Return the page of an API of the emulator at `url`, by default of the first one.

    None where there is no such API, or its function has no description.
    """
    from .api_page import api_page  # most emulators are never asked for it

    for region, api in gateway.apis():
        if api_id in (None, api.api_id) and (document := _description(region, api)):
            address = f"{url}{PREFIX}{api.api_id}"
            origin = (
                f"`{address}` serves this description: [{_DESCRIPTION}]({address}/{_DESCRIPTION})."
            )
            content = api_page(document, origin)
            return Response(content, content_type="text/html; charset=utf-8")
    return None


def _description(region: str, api: Any) -> Any:
    """Return the description in the code behind an API; None where there is none."""
    for integration in list(api.integrations.values()):
        # Deleted functions, other integrations, and code that holds no description.
        with suppress(ValueError, KeyError, UnknownFunctionException, zipfile.BadZipFile):
            _, name, qualifier = functions.split_arn(integration.integration_uri)
            code = functions.resolve(region, name, qualifier).code
            with zipfile.ZipFile(io.BytesIO(code)) as package:
                return json.loads(package.read(_DESCRIPTION))
    return None
