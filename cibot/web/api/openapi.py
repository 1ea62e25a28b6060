"""The OpenAPI document of the JSON API, made from the table of endpoints, and its page. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cibot.web.api.paging import Page
from cibot.web.api.plain import schema_of
from cibot.web.api.question import PREFIX, Endpoint, Nothing, Params, Write

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
    "401": "The token is not known, or one is needed and there was none.",
    "403": "The token's role does not do, or a page of another site asks.",
    "404": "What is asked about is not known.",
    "409": "It cannot be done as things are.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "503": "The database does not answer; ask again after Retry-After seconds.",
}
_OF_READING = ("400", "401", "404", "503")
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of [[token]]."},
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "The token as the password, with any name: for reading only.",
    },
}
_MAY_READ: list[dict[str, list[str]]] = [{"bearer": []}, {"basic": []}]
_ABOUT = (
    "Times are ISO 8601 in UTC; lengths of time are seconds and their names end in"
    " `_s`; shares are in 0..1. A list leads to its next page by `next`, null on the"
    " last. Every answer has an ETag. Changes need a token with a role that may make them."
)


def document(
    endpoints: Sequence[Endpoint[Any]],
    writes: Sequence[Write[Any, Any]],
    version: str,
    *,
    private: bool = False,
) -> dict[str, Any]:
    """The document, OpenAPI 3.1; with ``private`` reading needs a token, too."""
    shared: dict[str, Any] = {"Problem": _PROBLEM}
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        operation = _question(endpoint, shared) | ({"security": _MAY_READ} if private else {})
        paths.setdefault(_path(endpoint.path), {})["get"] = operation
    for write in writes:
        paths.setdefault(_path(write.path), {})[write.method.lower()] = _change(write, shared)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "cibot",
            "version": version,
            "summary": "How the CIs of a Gerrit are: what chat and pages show.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": dict(sorted(shared.items())), "securitySchemes": _SCHEMES},
    }


def _path(path: str) -> str:
    return PREFIX + re.sub(r"<(\w+)>", r"{\1}", path)


def _question(endpoint: Endpoint[Any], shared: dict[str, Any]) -> dict[str, Any]:
    headers = {"ETag": {"schema": {"type": "string"}}}
    if isinstance(endpoint.answer, type) and issubclass(endpoint.answer, Page):
        headers["Link"] = {"schema": {"type": "string"}}
    content = {"application/json": {"schema": schema_of(endpoint.answer, shared)}}
    if endpoint.table:
        content["text/csv"] = {"schema": {"type": "string"}}
    return {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "parameters": parameters(endpoint.params, endpoint.path),
        "responses": {
            "200": {"description": "The answer.", "headers": headers, "content": content},
            "304": {"description": "You have it already."},
            **{status: _refusal(_REFUSALS[status]) for status in _OF_READING},
        },
    }


def _change(write: Write[Any, Any], shared: dict[str, Any]) -> dict[str, Any]:
    answer = {"application/json": {"schema": schema_of(write.answer, shared)}}
    done: dict[str, Any] = {"description": "What has come of it.", "content": answer}
    if write.place is not None:
        done["headers"] = {"Location": {"schema": {"type": "string"}}}
    operation = {
        "operationId": write.name,
        "tags": [write.tag],
        "summary": write.summary,
        "security": [{"bearer": []}],
        "parameters": parameters(write.params, write.path),
        "responses": {
            str(write.status): done,
            **{status: _refusal(said) for status, said in _REFUSALS.items()},
        },
    }
    if write.body is not Nothing:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": write.body.model_json_schema()}},
        }
    return operation


def _refusal(said: str) -> dict[str, Any]:
    problem = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": said,
        "content": {"application/problem+json": {"schema": problem}},
    }


def parameters(params: type[Params], path: str) -> list[dict[str, Any]]:
    """OpenAPI's parameters of a question."""
    schema = params.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.get("$defs", {})
    described = []
    for name, field in schema.get("properties", {}).items():
        in_path = f"<{name}>" in path
        described.append(
            {
                "name": name,
                "in": "path" if in_path else "query",
                "required": in_path or name in schema.get("required", []),
                **_described(field),
                "schema": _bare(field, definitions),
            }
        )
    return described


def _described(field: Mapping[str, Any]) -> dict[str, str]:
    said = [
        schema["description"]
        for schema in (field, *field.get("anyOf", ()))
        if "description" in schema
    ]
    return {"description": said[0]} if said else {}


def _bare(field: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's schema: absent is how a query says null."""
    if "$ref" in field:
        return dict(definitions[field["$ref"].rpartition("/")[2]])
    kinds = [schema for schema in field.get("anyOf", ()) if schema.get("type") != "null"]
    left_out = {"anyOf", "title", "description"}
    members = {key: value for key, value in field.items() if key not in left_out}
    if members.get("default", 0) is None:
        del members["default"]
    if len(kinds) > 1:
        return members | {"anyOf": [_bare(kind, definitions) for kind in kinds]}
    return members | _bare(kinds[0], definitions) if kinds else members
