"""Import a handler, answer requests, and print their processor time in milliseconds as JSON.

Run in a process of its own: `function_probe.py FOLDER MODULE`. DynamoDB is at AWS_ENDPOINT_URL.
"""

import contextlib
import importlib
import io
import json
import sys
import time
from collections.abc import Callable

_WARM_UP, _REQUESTS = 20, 200


def main(folder: str, module: str) -> None:
    """Measure, and print the result."""
    sys.path.insert(0, folder)
    started = time.process_time()
    handler = importlib.import_module(module).lambda_handler
    _post(handler)
    cold = time.process_time() - started
    for _ in range(_WARM_UP):
        _post(handler)
    started = time.process_time()
    for _ in range(_REQUESTS):
        _post(handler)
    warm = (time.process_time() - started) / _REQUESTS
    print(json.dumps({"cold": cold * 1000, "warm": warm * 1000}))


def _post(handler: Callable[[object, object], dict[str, object]]) -> None:
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/tasks",
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/tasks"}, "stage": "$default"},
        "body": json.dumps({"title": "Water the plants", "description": "Before Friday"}),
        "isBase64Encoded": False,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        answer = handler(event, None)
    if answer["statusCode"] != 201:
        sys.exit(f"POST /tasks got {answer}")


if __name__ == "__main__":
    main(*sys.argv[1:])
