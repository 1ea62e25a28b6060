"""The page that explains the API, from its OpenAPI document; nothing is asked of another host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup


def schema_names(operation: Mapping[str, Any]) -> list[str]:
    """The name of the schema of an operation's answer."""
    schema = _answer(operation)["application/json"]["schema"]
    return [schema["$ref"].rpartition("/")[2]] if "$ref" in schema else []


def has_csv(operation: Mapping[str, Any]) -> bool:
    """Whether the answer can be had as CSV."""
    return "text/csv" in _answer(operation)


def given(operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parameters of an operation, those in the body among them."""
    parameters: list[Mapping[str, Any]] = list(operation["parameters"])
    if "requestBody" in operation:
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        parameters += [
            {"name": name, "in": "body", "schema": schema, **_words_of(schema)}
            for name, schema in body["properties"].items()
        ]
    return parameters


def _words_of(schema: Mapping[str, Any]) -> dict[str, str]:
    return {"description": schema["description"]} if "description" in schema else {}


def _answer(operation: Mapping[str, Any]) -> Any:
    """The content of the successful response."""
    responses = operation["responses"]
    return next(responses[status]["content"] for status in ("200", "201") if status in responses)


def kind(schema: Mapping[str, Any]) -> Markup:
    """A schema in a few words: "integer, 1 to 500, else 100"."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{}">{}</a>').format(name, name)
    if "anyOf" in schema:
        return Markup(" or ").join(kind(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        said = Markup(", ").join(str(value) for value in schema["enum"])
    elif schema.get("type") == "array":
        said = Markup("list of {}").format(kind(schema["items"]))
    elif schema.get("additionalProperties"):
        said = Markup("{} by name").format(kind(schema["additionalProperties"]))
    else:
        types = schema.get("type", "")
        words = " or ".join(types) if isinstance(types, list) else types
        said = Markup("{}").format(
            {"date-time": "time", "date": "day"}.get(schema.get("format", ""), words)
        )
    return said + _limits(schema)


def _limits(schema: Mapping[str, Any]) -> Markup:
    said = ""
    if "minimum" in schema and "maximum" in schema:
        said += f", {schema['minimum']} to {schema['maximum']}"
    if "maxLength" in schema:
        said += f" of at most {schema['maxLength']} characters"
    if "default" in schema:
        said += f", else {schema['default']}"
    return Markup("{}").format(said)
