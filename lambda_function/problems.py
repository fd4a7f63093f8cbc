"""The service's error responses, one class each (RFC 9457, problem details)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypedDict


class FieldError(TypedDict):
    """One invalid field: a JSON pointer as a URI fragment (RFC 6901, section 6), and why."""

    pointer: str
    detail: str


class ParameterError(TypedDict):
    """One invalid parameter of the query string or the path, and why."""

    parameter: str
    detail: str


class Problem(Exception):
    """An error response; the subclasses define status, type and title."""

    status: ClassVar[int]
    slug: ClassVar[str]
    title: ClassVar[str]

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError | ParameterError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Take what is wrong with this request, without internal details."""
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.headers = headers or {}

    def document(self) -> dict[str, object]:
        """Return the members of the ``application/problem+json`` body."""
        document: dict[str, object] = {
            "type": f"urn:task-tracker:problem:{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = list(self.errors)
        return document


class UnsupportedEvent(Problem):
    """The event is an HTTP request, but not of payload format 2.0."""

    status, slug, title = 400, "unsupported-event", "The event format is not supported"


class MalformedBody(Problem):
    """The body is not JSON."""

    status, slug, title = 400, "malformed-body", "The body is not JSON"


class InvalidParameter(Problem):
    """A parameter is unknown, repeated or not valid; ``errors`` names it."""

    status, slug, title = 400, "invalid-parameter", "A parameter is not valid"


class InvalidCursor(Problem):
    """The cursor was not made by this service for this list."""

    status, slug, title = 400, "invalid-cursor", "The cursor is not valid"


class InvalidIdempotencyKey(Problem):
    """The Idempotency-Key is empty, too long, or not printable ASCII."""

    status, slug, title = 400, "invalid-idempotency-key", "The Idempotency-Key is not valid"


class RouteNotFound(Problem):
    """No route has this path."""

    status, slug, title = 404, "route-not-found", "The path does not exist"


class TaskNotFound(Problem):
    """No task has this id."""

    status, slug, title = 404, "task-not-found", "The task does not exist"


class MethodNotAllowed(Problem):
    """The route does not have this method; ``Allow`` lists those it has."""

    status, slug, title = 405, "method-not-allowed", "The method is not allowed"


class RequestInProgress(Problem):
    """Another request with the same Idempotency-Key is still in progress."""

    status, slug, title = 409, "request-in-progress", "The request is still in progress"

    def __init__(self, detail: str = "Wait for its response, or try again.") -> None:
        """Tell the client to retry after a second."""
        super().__init__(detail, headers={"Retry-After": "1"})


class VersionMismatch(Problem):
    """The client does not accept the current version (If-Match, If-None-Match)."""

    status, slug, title = 412, "version-mismatch", "The version does not match"


class BodyTooLarge(Problem):
    """The body is larger than any task can be."""

    status, slug, title = 413, "body-too-large", "The body is too large"


class UnsupportedMediaType(Problem):
    """The body has a Content-Type or Content-Encoding that the route does not accept."""

    status, slug, title = 415, "unsupported-media-type", "The media type is not supported"


class InvalidTask(Problem):
    """The body is JSON, but not a valid task; ``errors`` names the fields."""

    status, slug, title = 422, "invalid-task", "The task is not valid"


class TaskTooLarge(Problem):
    """With attributes that another program has written, the item would exceed DynamoDB's limit."""

    status, slug, title = 422, "task-too-large", "The task is too large"

    def __init__(self, detail: str = "The stored item would exceed 400 KB.") -> None:
        """Name the limit."""
        super().__init__(detail)


class IdempotencyKeyReused(Problem):
    """The Idempotency-Key was used before with another body."""

    status, slug, title = 422, "idempotency-key-reused", "The Idempotency-Key was used before"


class Unavailable(Problem):
    """DynamoDB throttles, fails or cannot be reached; the request may be retried."""

    status, slug, title = 503, "unavailable", "The service is unavailable"

    def __init__(self, detail: str = "The database is not responding; try again.") -> None:
        """Tell the client to retry after a second."""
        super().__init__(detail, headers={"Retry-After": "1"})
