"""An API's description, an OpenAPI document, as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


def markdown(document: Mapping[str, Any], origin: str) -> str:
    """Return the description as Markdown; `origin` is the sentence that says where it is from."""
    return "\n".join(_Page(document, origin).lines())


class _Page:
    """The page: without HEAD and OPTIONS, and with one table of API Gateway's responses."""

    def __init__(self, document: Mapping[str, Any], origin: str) -> None:
        self._document = document
        self._components = document["components"]
        self._origin = origin

    def lines(self) -> Iterator[str]:
        info = self._document["info"]
        yield from (f"# {info['title']} API", "", info["summary"], "")
        yield self._origin
        yield from ("", info["description"], "", "## Authorization", "")
        for scheme in self._components["securitySchemes"].values():
            yield f"- {scheme['description']}"
        yield "- With `api_auth` `NONE`, none except for the drills: the API is public."
        for tag in self._document["tags"]:
            yield from ("", f"## {tag['description']}")
            for path, methods in self._document["paths"].items():
                shared = methods.get("parameters", [])
                for method, operation in _methods(methods):
                    if tag["name"] in operation["tags"]:
                        yield from self._operation(f"{method} {path}", operation, shared)
        yield from self._schemas()
        yield from self._problems()
        yield from self._gateway()
        yield ""

    def _operation(
        self, name: str, operation: Mapping[str, Any], shared: Sequence[Any]
    ) -> Iterator[str]:
        texts = operation["summary"], operation.get("description"), self._access(operation)
        yield from ("", f"### {name}", "", _sentences(*texts))
        rows = [
            (f"`{each['name']}`", each["in"], _type(each["schema"]), each["description"])
            for each in (*shared, *operation.get("parameters", []))
        ]
        yield from _table(("Parameter", "In", "Type", "Meaning"), rows)
        for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
            yield from ("", f"Body: {_type(body['schema'])} as `{media_type}`")
            for example in body["examples"].values():
                yield from ("", f"{example['summary']}:")
                yield from ("", "```json", json.dumps(example["value"]), "```")
        rows = []
        for status, reference in operation["responses"].items():
            response = self._resolve(reference)
            if not _is_from_gateway(response):
                headers = ", ".join(f"`{header}`" for header in response.get("headers", {}))
                rows.append((status, response["description"], headers, self._bodies(response)))
        yield from _table(("Response", "Meaning", "Headers", "Body"), rows)

    def _access(self, operation: Mapping[str, Any]) -> str:
        accepted = operation.get("security", self._document["security"])
        scopes = [scope for each in accepted for scope in each.get("token", [])]
        if scopes:
            return f"Scope: `{scopes[0]}`"
        return "" if {} in accepted else "Always needs a signature"

    def _schemas(self) -> Iterator[str]:
        yield from ("", "## Schemas")
        for name, schema in self._components["schemas"].items():
            yield from ("", f"### {name}", "", _sentences(_type(schema), schema.get("description")))
            required = schema.get("required", [])
            rows = [
                (f"`{field}`", _type(each), "yes" if field in required else "", self._note(each))
                for field, each in schema.get("properties", {}).items()
            ]
            yield from _table(("Member", "Type", "Required", "Meaning"), rows)

    def _problems(self) -> Iterator[str]:
        yield from ("", "## Problems", "")
        yield "`type` is `urn:task-tracker:problem:` and one of these names."
        examples = self._components["examples"]
        rows = [
            (f"`{slug}`", str(each["value"]["status"]), each["value"]["title"], each["summary"])
            for slug, each in examples.items()
        ]
        yield from _table(("Problem", "Status", "`title`", "When"), rows)
        value = json.dumps(examples["invalid-task"]["value"], indent=2)
        yield from ("", "For example:", "", "```json", value, "```")

    def _gateway(self) -> Iterator[str]:
        yield from ("", "## Responses of API Gateway", "")
        yield "Every operation may return them, as `application/json`."
        rows = {}
        for methods in self._document["paths"].values():
            for _, operation in _methods(methods):
                for status, reference in operation["responses"].items():
                    response = self._resolve(reference)
                    if _is_from_gateway(response):
                        (example,) = response["content"]["application/json"]["examples"].values()
                        body = f"`{json.dumps(example['value'])}`"
                        rows[status] = (status, response["description"], body)
        yield from _table(
            ("Response", "Meaning", "Body"), [rows[status] for status in sorted(rows)]
        )

    def _bodies(self, response: Mapping[str, Any]) -> str:
        bodies = []
        for media_type, content in response.get("content", {}).items():
            if media_type != "application/problem+json":
                bodies.append(_type(content["schema"]))
                continue
            bodies += [
                f"[{name}](#problems)"
                if name in self._components["examples"]
                else "[GatewayMessage](#gatewaymessage)"
                for name in content["examples"]
            ]
        return " or ".join(bodies)

    def _note(self, schema: Mapping[str, Any]) -> str:
        return str(schema.get("description") or self._resolve(schema).get("description", ""))

    def _resolve(self, value: Any) -> Any:
        if "$ref" not in value:
            return value
        _, _, kind, name = value["$ref"].split("/")
        return self._components[kind][name]


def _methods(methods: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((method.upper(), methods[method]) for method in METHODS if method in methods)


def _sentences(*texts: str | None) -> str:
    return " ".join(f"{text[0].upper()}{text[1:].rstrip('.')}." for text in texts if text)


def _is_from_gateway(response: Mapping[str, Any]) -> bool:
    schemas = [content["schema"] for content in response.get("content", {}).values()]
    return schemas == [{"$ref": "#/components/schemas/GatewayMessage"}]


def _type(schema: Mapping[str, Any]) -> str:
    """Return the type of a value with its limits, format and default."""
    words = [_name(schema)]
    lowest = schema.get("minimum", schema.get("minLength"))
    highest = schema.get("maximum", schema.get("maxLength"))
    unit = " characters" if "maxLength" in schema else ""
    if lowest is not None and highest is not None:
        words.append(f"{lowest} to {highest}{unit}")
    elif highest is not None:
        words.append(f"up to {highest}{unit}")
    if "format" in schema:
        words.append(schema["format"])
    if "default" in schema:
        words.append(f"default `{json.dumps(schema['default'])}`")
    return ", ".join(words)


def _name(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"$ref": reference}:
            name = reference.rpartition("/")[2]
            return f"[{name}](#{name.lower()})"
        case {"anyOf": kinds}:
            return " or ".join(_name(kind) for kind in kinds)
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"type": "array", "items": items}:
            return f"array of {_name(items)}"
        case {"enum": values, "type": "string"} if len(values) < 5:
            return ", ".join(f"`{value}`" for value in values)
        case {"type": [*kinds]}:
            return " or ".join(kinds)
    return str(schema["type"])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield ""
        for row in (head, ["---"] * len(head), *rows):
            yield f"| {' | '.join(row)} |"
