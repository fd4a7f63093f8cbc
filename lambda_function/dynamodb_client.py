"""Calls to DynamoDB: signed and sent by botocore, without its clients.

A client of botocore is made from the model of the whole service, and walks it in every call. The
arguments of these few calls are DynamoDB's JSON already
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html),
so that a cold start and a call take half of the time.
"""

import json
import os
import random
import re
import socket
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.loaders import Loader
from botocore.utils import get_environ_proxies

CONNECT, READ, ATTEMPTS, PAUSE = 1.0, 1.5, 2, 1.0  # seconds; the pause is random, up to this one

_HEADERS = {"Content-Type": "application/x-amz-json-1.0", "User-Agent": "task-tracker"}
_TRANSIENT_CODES = {  # of the 4xx responses that a later attempt may not get
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_TRANSIENT_REASONS = {"ProvisionedThroughputExceeded", "ThrottlingError"}  # of a cancellation


class NoAnswer(Exception):
    """DynamoDB cannot be reached, or its answer is not whole."""

    is_transient = True


class DynamoDBError(Exception):
    """An error response of DynamoDB; if `retried`, an earlier attempt may have worked."""

    def __init__(self, status: int, document: Mapping[str, Any], *, retried: bool) -> None:
        """Take the status, the JSON of the response, and whether the call was retried."""
        # The code is after a namespace: com.amazonaws.dynamodb.v20120810#ThrottlingException.
        self.code = str(document.get("__type", status)).rpartition("#")[2]
        self.message = str(document.get("message") or document.get("Message") or "")
        self.item: dict[str, Any] = document.get("Item", {})
        self.reasons: list[dict[str, Any]] = document.get("CancellationReasons") or []
        self.retried = retried
        self._status = status
        super().__init__(f"{self.code}: {self.message}")

    @property
    def is_transient(self) -> bool:
        """Return whether a later attempt may not get this error."""
        codes = {reason.get("Code") for reason in self.reasons}
        return (
            self._status >= 500
            or self.code in _TRANSIENT_CODES
            or not codes.isdisjoint(_TRANSIENT_CODES | _TRANSIENT_REASONS)
        )


class Client:
    """Calls DynamoDB in the region, and with the credentials, of the environment."""

    def __init__(self) -> None:
        """Find the endpoint; no request is sent."""
        region = os.environ.get("AWS_REGION") or os.environ["AWS_DEFAULT_REGION"]
        self._url = _endpoint(region)
        self._region = region
        self._keys = _keys()
        ca_bundle: Any = os.environ.get("AWS_CA_BUNDLE")
        self.http = URLLib3Session(
            verify=ca_bundle or True,
            proxies=get_environ_proxies(self._url),
            timeout=(CONNECT, READ),
            # Head and body are sent apart; the second would wait for the first's acknowledgement.
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    def call(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response to a call, with one more attempt where it may help.

        Raise ``DynamoDBError`` or ``NoAnswer``.
        """
        body = json.dumps(arguments).encode()
        attempts = 0
        while True:
            try:
                return self._attempt(operation, body, retried=attempts > 0)
            except (DynamoDBError, NoAnswer) as error:
                attempts += 1
                if attempts == ATTEMPTS or not error.is_transient:
                    raise
            time.sleep(random.uniform(0, PAUSE))  # nosec B311 # jitter

    def _attempt(self, operation: str, body: bytes, *, retried: bool) -> dict[str, Any]:
        headers = {**_HEADERS, "X-Amz-Target": f"DynamoDB_20120810.{operation}"}
        request = AWSRequest(method="POST", url=self._url, headers=headers, data=body)
        SigV4Auth(self._keys or _found_credentials(), "dynamodb", self._region).add_auth(request)
        try:
            response = self.http.send(request.prepare())
        except BotoCoreError as error:
            raise NoAnswer(str(error)) from error
        document = _document(response)
        if response.status_code >= 300:
            raise DynamoDBError(response.status_code, document, retried=retried)
        return document


def _document(response: AWSResponse) -> dict[str, Any]:
    content = response.content
    # Part of an answer would be an empty one at times, which means "no such task".
    if int(response.headers.get("content-length", len(content))) != len(content):
        raise NoAnswer("the answer was cut off")
    try:
        document = json.loads(content)
    except ValueError:
        raise NoAnswer(f"{response.status_code} without JSON: {content[:200]!r}") from None
    if not isinstance(document, dict):
        raise NoAnswer(f"{response.status_code} without a JSON object")
    return document


def _endpoint(region: str) -> str:
    named = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB") or os.environ.get("AWS_ENDPOINT_URL")
    if named:
        return named
    partitions = Loader().load_data("partitions")["partitions"]
    suffix = next(
        partition["outputs"]["dnsSuffix"]
        for partition in partitions
        if re.match(partition["regionRegex"], region)
    )
    return f"https://dynamodb.{region}.{suffix}/"


class _Keys(NamedTuple):
    """Credentials, as the signer reads them."""

    access_key: str
    secret_key: str
    token: str | None


def _keys() -> _Keys | None:
    # As Lambda gives them, for as long as the process lives.
    if "AWS_ACCESS_KEY_ID" not in os.environ:
        return None
    variables = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return _Keys(*map(os.environ.get, variables))  # type: ignore[arg-type] # both are set


def _found_credentials() -> Any:
    # Elsewhere botocore looks for them, which takes as long as a start.
    found = _other_credentials()
    return found and found.get_frozen_credentials()  # the signer refuses to sign without any


@cache
def _other_credentials() -> Any:
    import botocore.session

    return botocore.session.get_session().get_credentials()
