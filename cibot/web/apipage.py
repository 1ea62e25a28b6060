"""The page that explains the API, from its OpenAPI document; nothing is asked of another host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup


def schema_names(operation: Mapping[str, Any]) -> list[str]:
    """The name of the schema of an operation's answer."""
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return [schema["$ref"].rpartition("/")[2]] if "$ref" in schema else []


def kind(schema: Mapping[str, Any]) -> Markup:
    """A schema in a few words: "integer, 1 to 500, else 100"."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#schema-{}">{}</a>').format(name, name)
    if "anyOf" in schema:
        return Markup(" or ").join(kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        said = Markup(", ").join(str(one) for one in schema["enum"])
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
