"""The description of the API: valid, and the source of what is made of it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

_SPEC = spec_from_file_location("openapi", Path(__file__).parents[1] / "docs" / "openapi.py")
assert _SPEC is not None
assert _SPEC.loader is not None
openapi = module_from_spec(_SPEC)
_SPEC.loader.exec_module(openapi)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the description as it is written."""
    loaded: dict[str, Any] = openapi.load()
    return loaded


def test_it_is_valid(document: dict[str, Any]) -> None:
    """It is a document of OpenAPI 3.1."""
    validate(document)
    assert document["openapi"].startswith("3.1.")


def test_what_is_made_of_it_is_up_to_date(document: dict[str, Any]) -> None:
    """The service serves it, and the page shows it; otherwise: python docs/openapi.py."""
    assert openapi.SERVED.read_text(encoding="utf-8") == openapi.served(document)
    assert openapi.PAGE.read_text(encoding="utf-8") == openapi.page(document)


def test_examples_are_what_their_schemas_say(document: dict[str, Any]) -> None:
    """Every example of a body or a header is valid."""
    contents = list(_contents(document["paths"])) + list(_contents(document["components"]))
    for content in contents:
        for example in content.get("examples", {}).values():
            name = example.get("$ref", "").rpartition("/")[2]
            value = document["components"]["examples"][name] if name else example
            _check(document, content["schema"], value["value"])
    for header in document["components"]["headers"].values():
        _check(document, header["schema"], header["example"])


def test_every_operation_says_what_may_come_of_it(document: dict[str, Any]) -> None:
    """Each has an id of its own, a tag, a summary and the answers that API Gateway may give."""
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


def _contents(part: Any) -> Iterator[Any]:
    """Every media type of a request or a response below a part."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "content":
                yield from value.values()
            else:
                yield from _contents(value)


def _check(document: dict[str, Any], schema: Any, value: Any) -> None:
    Draft202012Validator({**schema, "components": document["components"]}).validate(value)
