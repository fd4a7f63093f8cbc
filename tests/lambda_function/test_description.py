"""The OpenAPI description: served to clients, and consistent with the code."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import handler
import pages
import problems
import tasks

SERVED = Path(__file__).parents[2] / "lambda_function" / "openapi.json"
DESCRIPTION = json.loads(SERVED.read_text())
PATHS = DESCRIPTION["paths"]
COMPONENTS = DESCRIPTION["components"]
SCHEMAS = COMPONENTS["schemas"]


def test_it_is_served(api, wire):
    """GET /openapi.json answers 200 and the description, without a call to DynamoDB."""
    wire.inject("500")
    answer = api("GET", "/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == DESCRIPTION
    assert wire.calls == []


@pytest.mark.parametrize("stage", ["$default", "v1"])
def test_it_is_served_on_every_stage(api, stage: str):
    """Its server URL is relative, so a stage before the path changes nothing."""
    event = api.event("GET", "/openapi.json" if stage == "$default" else f"/{stage}/openapi.json")
    event["requestContext"]["stage"] = stage
    assert [server["url"] for server in api.send(event).json()["servers"]] == ["."]


def test_it_is_not_sent_twice(api):
    """If-None-Match with its tag answers 304; HEAD has the tag too."""
    tag = api("HEAD", "/openapi.json").headers["etag"]
    answer = api("GET", "/openapi.json", headers={"If-None-Match": tag})
    assert (answer.status, answer.text, answer.headers) == (304, "", {"etag": tag})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"title": {"S": "t" * 9_000}, "description": {"N": "1.5"}, "version": {"N": "1E+125"}},
        {"status": {"S": "archived"}, "created_at": {"S": "yesterday"}, "version": {"S": "x"}},
    ],
)
def test_damaged_items_are_answered_as_described(api, table, fields):
    """Items of older and newer versions, or edited by hand, are valid tasks for clients."""
    table.put_item(TableName="TaskTable", Item={"task_id": {"S": "task-1"}, **fields})
    schema = {"$ref": "#/components/schemas/Task", "components": COMPONENTS}
    Draft202012Validator(schema).validate(api("GET", "/tasks/task-1").json())


def test_every_route_is_described():
    """The paths and methods are those of the handler, with HEAD and OPTIONS."""
    described = {
        path: {method.upper() for method in methods if method != "parameters"}
        for path, methods in PATHS.items()
    }
    routes = {
        path: {*views, "OPTIONS", *(["HEAD"] if "GET" in views else [])}
        for path, views in handler._ROUTES.items()
    }
    assert described == {**routes, **{path: {"GET"} for path in handler._DRILLS}}


def test_every_problem_is_described():
    """Each has an example with its type, title and status."""
    made = {kind.slug: kind for kind in problems.Problem.__subclasses__()}
    examples = COMPONENTS["examples"]
    assert set(examples) == set(made)
    types = [f"urn:task-tracker:problem:{slug}" for slug in examples]
    assert types == SCHEMAS["Problem"]["properties"]["type"]["x-extensible-enum"]
    for (slug, kind), name in zip(made.items(), types, strict=True):
        value = examples[slug]["value"]
        assert (value["type"], value["title"], value["status"]) == (name, kind.title, kind.status)


def test_limits_are_described():
    """Statuses, lengths, defaults and pages are those of the code."""
    title, description = SCHEMAS["Title"], SCHEMAS["Description"]
    assert (title["maxLength"], description["maxLength"]) == (
        tasks.MAX_TITLE,
        tasks.MAX_DESCRIPTION,
    )
    assert title["pattern"] == tasks._VISIBLE.pattern
    assert tuple(SCHEMAS["Status"]["enum"]) == tasks.STATUSES
    given = SCHEMAS["NewTask"]["properties"]
    assert {name: given[name]["default"] for name in tasks._DEFAULTS} == tasks._DEFAULTS
    assert list(given) == list(tasks._RULES)
    assert list(SCHEMAS["Task"]["properties"]) == list(tasks.Task.__dataclass_fields__)
    limit = PATHS["/tasks"]["get"]["parameters"][1]["schema"]
    assert (limit["maximum"], limit["default"]) == (pages.MAX_LIMIT, pages.DEFAULT_LIMIT)
