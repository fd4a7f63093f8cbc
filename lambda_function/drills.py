"""Fire drills: routes that set off the alarms on purpose.

They are routes of their own in API Gateway, which takes only signed requests there (AWS_IAM).
"""

import time

from gateway import Request, Response, answer

SLOW_SECONDS = 1.5  # over the 1,000 ms of LambdaDurationAlarm


class FireDrill(Exception):
    """Raised on purpose, so that Lambda counts an error."""


def trigger_error(request: Request) -> Response:
    """Raise ``FireDrill``."""
    raise FireDrill("/trigger-error was called: this is a drill.")


def trigger_slow(request: Request) -> Response:
    """Answer 200 after ``SLOW_SECONDS``."""
    time.sleep(SLOW_SECONDS)
    return answer(200, {"status": "ok", "slept_seconds": SLOW_SECONDS})
