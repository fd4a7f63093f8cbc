"""Accesses to the stores wait while they are paused, and those that change something count."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest

from tasktracker_ops.emulator import changes


def _request(method: str, path: str, target: str = "", body: bytes = b"") -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "HTTP_X_AMZ_TARGET": target,
        "wsgi.input": io.BytesIO(body),
    }


def test_an_access_waits_while_the_stores_are_paused() -> None:
    """It begins when the pause has ended."""
    entered = threading.Event()

    def access() -> None:
        with changes.access():
            entered.set()

    with changes.paused(1) as made:
        thread = threading.Thread(target=access)
        thread.start()
        assert not entered.wait(0.1)
    thread.join()
    assert changes.count() == made + 1


def test_a_pause_waits_for_the_access_under_way_and_gives_up() -> None:
    """Other accesses continue afterwards."""
    with changes.access(is_change=False):
        with pytest.raises(TimeoutError), changes.paused(0.05):
            pass
        with changes.access():  # of another thread, it would be
            pass


@pytest.mark.parametrize(
    ("request_", "is_change"),
    [
        (_request("GET", "/bucket/key"), False),
        (_request("PUT", "/bucket/GetReady"), True),
        (_request("POST", "/", "DynamoDB_20120810.PutItem"), True),
        (_request("POST", "/", "DynamoDB_20120810.Query"), False),
        (_request("POST", "/", "Logs_20140328.FilterLogEvents"), False),
        (_request("POST", "/service/GraniteService/operation/GetMetricData"), False),
        (_request("POST", "/service/GraniteService/operation/PutMetricAlarm"), True),
        (_request("POST", "/", body=b"Action=GetRole&Version=2010-05-08"), False),
        (_request("POST", "/", body=b"Version=2010-05-08&Action=CreateRole"), True),
        (_request("POST", "/2015-03-31/functions"), True),
    ],
)
def test_only_what_changes_something_counts(request_: dict[str, Any], is_change: bool) -> None:
    """Operations are told apart by their names, whatever the protocol."""
    assert changes.is_change(request_) is is_change
    assert request_["wsgi.input"].tell() == 0


def test_an_invocation_is_no_access() -> None:
    """The function that it runs sends requests itself."""
    assert changes.is_invocation(_request("POST", "/2015-03-31/functions/f:live/invocations"))
    assert not changes.is_invocation(_request("POST", "/2015-03-31/functions"))
