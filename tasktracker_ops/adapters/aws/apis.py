"""HTTP APIs of API Gateway, which have no unique name."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from tasktracker_ops.environments import Environment
from tasktracker_ops.models.adoption import HttpApi
from tasktracker_ops.models.times import timestamp

from .session import AwsNotFound, AwsSession, aws_errors


class Apis:
    """HTTP APIs, and what is in them; ours are those of `environment`."""

    def __init__(self, session: AwsSession, environment: Environment) -> None:
        self._session = session
        self._environment = environment

    def ours(self) -> tuple[HttpApi, ...]:
        """Return all APIs with the tags of this environment, the oldest first."""
        apis = map(_api, self._list("get_apis"))
        found = [api for api in apis if self._environment.owns(api.tags)]
        return tuple(sorted(found, key=lambda api: (api.created, api.id)))

    def choose(self, described: str | None) -> HttpApi | None:
        """Return the API of the deployment, of all with the tags of this environment.

        It is the one whose id is `described`, else one with routes, else the oldest.
        """
        apis = self.ours()
        found = [api for api in apis if api.id == described]
        if found or len(apis) < 2:
            return next(iter((*found, *apis)), None)
        return next((api for api in apis if self.routes(api.id)), apis[0])

    def get(self, api_id: str) -> HttpApi | None:
        """Return an API; None without it."""
        with suppress(AwsNotFound), aws_errors(f"reading the API {api_id!r}"):
            return _api(self._session.client("apigatewayv2").get_api(ApiId=api_id))
        return None

    def routes(self, api_id: str) -> list[dict[str, Any]]:
        """Return the routes of an API, as AWS describes them."""
        return self._list("get_routes", ApiId=api_id)

    def integrations(self, api_id: str) -> list[dict[str, Any]]:
        """Return the integrations of an API, as AWS describes them."""
        return self._list("get_integrations", ApiId=api_id)

    def authorizers(self, api_id: str) -> list[dict[str, Any]]:
        """Return the authorizers of an API, as AWS describes them."""
        return self._list("get_authorizers", ApiId=api_id)

    def stages(self, api_id: str) -> list[dict[str, Any]]:
        """Return the stages of an API, as AWS describes them."""
        return self._list("get_stages", ApiId=api_id)

    def delete(self, api_id: str) -> None:
        """Delete an API with all that is in it; do nothing without it."""
        with suppress(AwsNotFound), aws_errors(f"deleting the API {api_id!r}"):
            self._session.client("apigatewayv2").delete_api(ApiId=api_id)

    def _list(self, operation: str, **arguments: str) -> list[dict[str, Any]]:
        pages = self._session.client("apigatewayv2").get_paginator(operation)
        what = operation.removeprefix("get_")
        with aws_errors(f"reading the {what} of API Gateway"):
            return [item for page in pages.paginate(**arguments) for item in page["Items"]]


def _api(item: dict[str, Any]) -> HttpApi:
    return HttpApi(
        id=item["ApiId"],
        name=item["Name"],
        url=item.get("ApiEndpoint", ""),
        created=timestamp(item["CreatedDate"]),
        tags=item.get("Tags", {}),
    )
