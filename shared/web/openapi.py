"""The application's OpenAPI document: FastAPI's, with our problems, tokens and roles in it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from shared.auth.rules import Rule
from shared.web.problems import MEDIA_TYPE

PROBLEM_SCHEMA: Final[Mapping[str, Any]] = {
    "title": "Problem",
    "description": "RFC 9457 problem details.",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "examples": ["/problems/unknown-field"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "incident": {"type": "string"},
        "limit": {"type": "string", "examples": ["600/minute"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "reason"],
                "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
            },
        },
    },
}
_PROBLEM: Final = {
    "description": "A problem",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_PUT_OFF: Final = {
    **_PROBLEM,
    "description": "Not now: the same request may be sent again after so many seconds",
    "headers": {
        "Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}},
    },
}
_UNUSED: Final = ("HTTPValidationError", "ValidationError")


def describe(document: Mapping[str, Any], rules: Mapping[str, Rule]) -> dict[str, Any]:
    """The document with every operation's refusals, its token and the roles it lets act."""
    paths = {
        path: {method: _operation(part, rules[key]) for method, part, key in _operations(path, of)}
        for path, of in document["paths"].items()
    }
    components = dict(document.get("components", {}))
    schemas = {**components.get("schemas", {}), "Problem": dict(PROBLEM_SCHEMA)}
    components["schemas"] = {
        name: schema for name, schema in schemas.items() if name not in _UNUSED
    }
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    return {**document, "paths": paths, "components": components}


def _operations(path: str, of: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    for method, part in of.items():
        yield method, part, f"{method.upper()} {path}"


def _operation(part: Mapping[str, Any], rule: Rule) -> dict[str, Any]:
    responses = {
        status: answer for status, answer in part["responses"].items() if not _default(answer)
    }
    described = {**part, "responses": {**responses, "503": _PUT_OFF, "default": _PROBLEM}}
    if not rule.public:
        described["security"] = [{"token": []}]
        described["x-roles"] = sorted(rule.roles)
    return described


def _default(answer: Mapping[str, Any]) -> bool:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).endswith("/HTTPValidationError")
