"""The OpenAPI document of the JSON API, made from the table of endpoints, and its page. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cibot.web.encode import schema_of
from cibot.web.paging import Page
from cibot.web.question import PREFIX, Endpoint

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457: what is wrong, and in which parameter.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": ["string", "null"]},
        "parameter": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
}
_REFUSALS = {
    "400": "A parameter cannot be read; the problem names it.",
    "404": "What is asked about is not known.",
    "503": "The database does not answer; ask again after Retry-After seconds.",
}


def document(endpoints: Sequence[Endpoint[Any]], version: str) -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    shared: dict[str, Any] = {"Problem": _PROBLEM}
    paths = {
        PREFIX + re.sub(r"<(\w+)>", r"{\1}", one.path): {"get": _operation(one, shared)}
        for one in endpoints
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "cibot",
            "version": version,
            "summary": "How the CIs of a Gerrit are: what chat and pages show.",
            "description": (
                "Times are ISO 8601 in UTC; lengths of time are seconds and their names end in"
                " `_s`; shares are in 0..1. A list leads to its next page by `next`, null on the"
                " last. Every answer has an ETag."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": dict(sorted(shared.items()))},
    }


def _operation(endpoint: Endpoint[Any], shared: dict[str, Any]) -> dict[str, Any]:
    answer = schema_of(endpoint.answer, shared)
    headers = {"ETag": {"schema": {"type": "string"}}}
    if isinstance(endpoint.answer, type) and issubclass(endpoint.answer, Page):
        headers["Link"] = {"schema": {"type": "string"}}
    return {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "parameters": _parameters(endpoint),
        "responses": {
            "200": {
                "description": "The answer.",
                "headers": headers,
                "content": {"application/json": {"schema": answer}},
            },
            "304": {"description": "You have it already."},
            **{status: _refusal(said) for status, said in _REFUSALS.items()},
        },
    }


def _refusal(said: str) -> dict[str, Any]:
    problem = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": said,
        "content": {"application/problem+json": {"schema": problem}},
    }


def _parameters(endpoint: Endpoint[Any]) -> list[dict[str, Any]]:
    schema = endpoint.params.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.get("$defs", {})
    found = []
    for name, field in schema.get("properties", {}).items():
        in_path = f"<{name}>" in endpoint.path
        found.append(
            {
                "name": name,
                "in": "path" if in_path else "query",
                "required": in_path or name in schema.get("required", []),
                **_described(field),
                "schema": _bare(field, definitions),
            }
        )
    return found


def _described(field: Mapping[str, Any]) -> dict[str, str]:
    said = [one["description"] for one in (field, *field.get("anyOf", ())) if "description" in one]
    return {"description": said[0]} if said else {}


def _bare(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's schema: absent is how a query says null."""
    if "$ref" in field:
        return dict(definitions[field["$ref"].rpartition("/")[2]])
    kinds = [one for one in field.get("anyOf", ()) if one.get("type") != "null"]
    kept = {key: one for key, one in field.items() if key not in {"anyOf", "title", "description"}}
    if kept.get("default", 0) is None:
        del kept["default"]
    return kept | _bare(kinds[0], definitions) if kinds else kept
