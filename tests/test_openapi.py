"""The OpenAPI description fits its examples, and generated files are up to date."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

_SPEC = spec_from_file_location("openapi", Path(__file__).parents[1] / "docs" / "openapi.py")
assert _SPEC is not None
assert _SPEC.loader is not None
openapi = module_from_spec(_SPEC)
_SPEC.loader.exec_module(openapi)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the OpenAPI description."""
    loaded: dict[str, Any] = openapi.load()
    return loaded


def test_it_means_the_same_to_yaml_1_2() -> None:
    """It has no merge keys, which YAML 1.2 parses as a member named `<<`."""
    events = yaml.parse(openapi.SOURCE.read_text(encoding="utf-8"))
    assert "<<" not in {getattr(event, "value", None) for event in events}


def test_generated_files_are_up_to_date(document: dict[str, Any]) -> None:
    """If one is not, run: python docs/openapi.py."""
    assert openapi.SERVED.read_text(encoding="utf-8") == openapi.served(document)
    assert openapi.PAGE.read_text(encoding="utf-8") == openapi.page(document)
    assert openapi.WEB_PAGE.read_text(encoding="utf-8") == openapi.web_page(document)


def test_examples_match_their_schemas(document: dict[str, Any]) -> None:
    """Every example of a body or a header is valid."""
    contents = list(_contents(document["paths"])) + list(_contents(document["components"]))
    for content in contents:
        for example in content.get("examples", {}).values():
            name = example.get("$ref", "").rpartition("/")[2]
            value = document["components"]["examples"][name] if name else example
            _check(document, content["schema"], value["value"])
    for header in document["components"]["headers"].values():
        _check(document, header["schema"], header["example"])


def test_no_response_to_head_has_a_body(document: dict[str, Any]) -> None:
    """HEAD is described with headers only."""
    for methods in document["paths"].values():
        for response in methods.get("head", {}).get("responses", {}).values():
            assert "content" not in _resolved(document, response)


def test_every_status_has_one_media_type(document: dict[str, Any]) -> None:
    """Client generators accept one per status."""
    for methods in document["paths"].values():
        for method, operation in methods.items():
            if method != "parameters":
                for response in operation["responses"].values():
                    assert len(_resolved(document, response).get("content", {})) <= 1


def test_types_of_problems_are_an_open_set(document: dict[str, Any]) -> None:
    """A problem of an unknown type is valid."""
    problem = document["components"]["examples"]["unavailable"]["value"]
    schema = document["components"]["schemas"]["Problem"]
    _check(document, schema, {**problem, "type": "urn:task-tracker:problem:new"})


def test_every_operation_describes_its_responses(document: dict[str, Any]) -> None:
    """Each has a unique id, a tag, a summary and the responses of API Gateway."""
    operations = [
        operation
        for methods in document["paths"].values()
        for method, operation in methods.items()
        if method != "parameters"
    ]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert operation["tags"]
        assert {"403", "429", "500", "503"} <= set(operation["responses"])


def _resolved(document: dict[str, Any], response: Any) -> Any:
    name = response.get("$ref", "").rpartition("/")[2]
    return document["components"]["responses"][name] if name else response


def _contents(part: Any) -> Iterator[Any]:
    """Yield every media type of a request or a response below a part."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "content":
                yield from value.values()
            else:
                yield from _contents(value)


def _check(document: dict[str, Any], schema: Any, value: Any) -> None:
    Draft202012Validator({**schema, "components": document["components"]}).validate(value)
