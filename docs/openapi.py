"""Write what is made of `openapi.yaml`: the JSON that the service serves, the page for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

DOCS = Path(__file__).parent
SOURCE = DOCS / "openapi.yaml"
SERVED = DOCS.parent / "lambda_function" / "openapi.json"
PAGE = DOCS / "api.md"
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")


def load() -> dict[str, Any]:
    """Return the description of the API."""
    document: dict[str, Any] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return document


def served(document: Mapping[str, Any]) -> str:
    """Return the description as JSON, on one line."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def page(document: Mapping[str, Any]) -> str:
    """Return the description as Markdown."""
    return "\n".join(_Page(document).lines())


class _Page:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._components = document["components"]

    def lines(self) -> Iterator[str]:
        info = self._document["info"]
        yield from (f"# {info['title']} API", "", info["summary"], "")
        yield "Made of [openapi.yaml](openapi.yaml), which `GET /openapi.json` serves as JSON."
        yield from ("", info["description"], "", "## Who may call it", "")
        for scheme in self._components["securitySchemes"].values():
            yield f"- {scheme['description']}"
        yield "- With `api_auth` `NONE`, everybody."
        for tag in self._document["tags"]:
            yield from ("", f"## {tag['description']}")
            for path, methods in self._document["paths"].items():
                for method in METHODS:
                    operation = methods.get(method)
                    if operation and tag["name"] in operation["tags"]:
                        shared = methods.get("parameters", [])
                        yield from self._operation(f"{method.upper()} {path}", operation, shared)
        yield from self._schemas()
        yield from self._problems()

    def _operation(
        self, name: str, operation: Mapping[str, Any], shared: Sequence[Any]
    ) -> Iterator[str]:
        text = f"{operation['summary']}. {operation.get('description', '')}".rstrip()
        yield from ("", f"### {name}", "", text, "")
        yield f"Access: {self._access(operation)}."
        parameters = [*shared, *operation.get("parameters", [])]
        rows = [
            (f"`{each['name']}`", each["in"], self._type(each["schema"]), each["description"])
            for each in parameters
        ]
        yield from _table(("Parameter", "In", "Type", "Meaning"), rows)
        for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
            yield from ("", f"Body, `{media_type}`: {self._type(body['schema'])}")
            for example in body["examples"].values():
                yield from ("", f"{example['summary']}:")
                yield from ("", "```json", json.dumps(example["value"]), "```")
        rows = [
            (status, response["description"], ", ".join(self._headers(response)), what)
            for status, response in map(self._response, operation["responses"].items())
            for what in [", ".join(self._contents(response))]
        ]
        yield from _table(("Answer", "Meaning", "Headers", "Body"), rows)

    def _access(self, operation: Mapping[str, Any]) -> str:
        words = []
        for requirement in operation.get("security", self._document["security"]):
            names = {"signature": "a signature", "token": "a token"}
            for scheme, scopes in requirement.items():
                scope = f" with the scope {', '.join(f'`{s}`' for s in scopes)}" if scopes else ""
                words.append(names[scheme] + scope)
            if not requirement:
                words.append("none")
        return " or ".join(words) + (", as deployed" if len(words) > 1 else "")

    def _response(self, item: tuple[str, Any]) -> tuple[str, Any]:
        status, response = item
        return status, self._resolved(response)

    def _headers(self, response: Mapping[str, Any]) -> Iterator[str]:
        for name in response.get("headers", {}):
            yield f"`{name}`"

    def _contents(self, response: Mapping[str, Any]) -> Iterator[str]:
        for media_type, content in response.get("content", {}).items():
            if media_type == "application/problem+json":
                yield " or ".join(f"[{slug}](#problems)" for slug in content["examples"])
            else:
                yield self._type(content["schema"])

    def _schemas(self) -> Iterator[str]:
        yield from ("", "## Schemas")
        for name, schema in self._components["schemas"].items():
            yield from ("", f"### {name}", "")
            yield f"{self._type(schema)}. {schema.get('description', '')}".rstrip()
            required = schema.get("required", [])
            rows = [
                (
                    f"`{field}`",
                    self._type(each),
                    "yes" if field in required else "",
                    self._note(each),
                )
                for field, each in schema.get("properties", {}).items()
            ]
            yield from _table(("Member", "Type", "Always there", "Meaning"), rows)

    def _problems(self) -> Iterator[str]:
        yield from ("", "## Problems", "")
        yield "`type` is the name below behind `urn:task-tracker:problem:`."
        examples = self._components["examples"].items()
        rows = [
            (f"`{slug}`", str(each["value"]["status"]), each["value"]["title"], each["summary"])
            for slug, each in examples
        ]
        yield from _table(("Problem", "Status", "`title`", "When"), rows)
        value = self._components["examples"]["invalid-task"]["value"]
        yield from ("", "```json", json.dumps(value, indent=2), "```", "")

    def _note(self, schema: Mapping[str, Any]) -> str:
        return str(schema.get("description") or self._resolved(schema).get("description", ""))

    def _type(self, schema: Mapping[str, Any]) -> str:
        """Return the type of a value, with what limits it."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            default = f", default `{json.dumps(schema['default'])}`" if "default" in schema else ""
            return f"[{name}](#{name.lower()}){default}"
        if "anyOf" in schema:
            return " or ".join(self._type(each) for each in schema["anyOf"])
        if "const" in schema:
            return f"`{json.dumps(schema['const'])}`"
        if schema.get("type") == "array":
            return f"array of {self._type(schema['items'])}"
        if "pointer" in schema.get("properties", {}) or schema.get("type") == "object":
            return "object"
        if "enum" in schema and len(schema["enum"]) < 5:
            return ", ".join(f"`{value}`" for value in schema["enum"])
        return " ".join(_limits(schema))

    def _resolved(self, value: Any) -> Any:
        if "$ref" not in value:
            return value
        _, _, kind, name = value["$ref"].split("/")
        return self._components[kind][name]


def _limits(schema: Mapping[str, Any]) -> Iterator[str]:
    types = schema["type"]
    yield " or ".join(types) if isinstance(types, list) else types
    lowest = schema.get("minimum", schema.get("minLength"))
    highest = schema.get("maximum", schema.get("maxLength"))
    if lowest is not None and highest is not None:
        yield f"({lowest} to {highest})"
    elif highest is not None:
        yield f"(up to {highest})"
    elif lowest is not None:
        yield f"(from {lowest})"
    if "format" in schema:
        yield f"({schema['format']})"
    if "default" in schema:
        yield f"default {schema['default']}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield ""
        for row in (head, ["---"] * len(head), *rows):
            yield f"| {' | '.join(row)} |"


if __name__ == "__main__":
    described = load()
    SERVED.write_text(served(described), encoding="utf-8")
    PAGE.write_text(page(described), encoding="utf-8")
