"""What a route asks for, worked out once at the start instead of at every request.

The framework finds a route by trying one after the other, then walks through its dependencies and
asks of each what kind it is. That was a third of the processor time of a recorded request. Here it
is asked when the application is made: the guard has found the route anyway, and its plan says what
is called with what. Values, refusals and their order are the framework's own.

A route that needs more than the plain shapes has no plan and goes the framework's way: a form, a
generator as a dependency, a `Response` or background tasks as a parameter.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import Any, Final, cast, get_type_hints

from fastapi import params
from fastapi._compat import ModelField, Undefined
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_body_to_args, request_params_to_args
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.routing import RouteContext, serialize_response
from fastapi.utils import is_body_allowed_for_status_code
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

Call = Callable[..., Awaitable[Any]]

_UNREADABLE: Final = "There was an error parsing the body"
_FOREIGN: Final = (
    "websocket_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
    "own_oauth_scopes",
    "parent_oauth_scopes",
    "concurrency",
)
"""What a dependency may have in the framework and has nowhere here."""

_PLAIN: Final = (str, str | None, int, int | None, bool, bool | None)
"""Types of fields that are one value."""
_SIMPLE: Final = (str, int, bool, type(None))
"""Defaults that need no copy."""


class Received(Request):
    """A request whose body is gathered without a generator for each piece."""

    async def body(self) -> bytes:
        """Return the whole body. Raises ClientDisconnect."""
        if not hasattr(self, "_body"):
            self._body = await self._gathered()
            self._stream_consumed = True
        return self._body

    async def _gathered(self) -> bytes:
        pieces: list[bytes] = []
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            pieces.append(message.get("body", b""))
            if not message.get("more_body", False):
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)


@dataclass(slots=True)
class _Solving:
    """One request on its way through a plan."""

    request: Request
    body: Any
    done: dict[Call, Any]
    """What was called and is asked for more than once."""
    errors: list[Any]


class _Given:
    """What one function takes of a path, a query, the headers or the cookies."""

    def __init__(self, fields: list[ModelField]) -> None:
        self._fields = fields
        self._plain = all(_is_plain(field) for field in fields)

    def of(self, source: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
        """Return the values by name, and what is wrong with them."""
        if not self._plain:
            return request_params_to_args(self._fields, source)
        values: dict[str, Any] = {}
        errors: list[Any] = []
        for field in self._fields:
            info, raw = field.field_info, source.get(field.alias)
            if raw is not None:
                place = (cast("params.Param", info).in_.value, field.alias)
                value, wrong = field.validate(raw, values, loc=place)
                errors += wrong
            elif info.is_required():
                return request_params_to_args(self._fields, source)
            else:
                value, wrong = field.default, []
            if not wrong:
                values[field.name] = value
        return values, errors


class _Inputs:
    """What one function takes, and how each is had."""

    def __init__(self, dependant: Dependant, often: frozenset[Any], *, embed: bool) -> None:
        self._steps = [_Step(one, often, embed=embed) for one in dependant.dependencies]
        self._given: list[tuple[_Given, Callable[[Request], Any]]] = [
            (_Given(fields), source)
            for fields, source in (
                (dependant.path_params, lambda request: request.path_params),
                (dependant.query_params, lambda request: request.query_params),
                (dependant.header_params, lambda request: request.headers),
                (dependant.cookie_params, lambda request: request.cookies),
            )
            if fields
        ]
        self._body = dependant.body_params
        self._embed = embed
        self._whole = _whole(dependant.body_params, embed=embed)
        names = (dependant.http_connection_param_name, dependant.request_param_name)
        self._requests = tuple(name for name in names if name)

    async def solved(self, solving: _Solving) -> dict[str, Any]:
        """Return the arguments; what is wrong with them is added to the errors."""
        values: dict[str, Any] = {}
        for step in self._steps:
            await step.solve(solving, values)
        for given, source in self._given:
            found, wrong = given.of(source(solving.request))
            values.update(found)
            solving.errors += wrong
        if self._body:
            found, wrong = await self._of_body(solving.body)
            values.update(found)
            solving.errors += wrong
        for name in self._requests:
            values[name] = solving.request
        return values

    async def _of_body(self, body: Any) -> tuple[dict[str, Any], list[Any]]:
        if self._whole is None or body is Undefined:
            return await request_body_to_args(self._body, body, self._embed)
        value, wrong = self._whole.validate(body, {}, loc=("body",))
        return {self._whole.name: value}, wrong


class _Step:
    """One dependency of a function."""

    def __init__(self, dependant: Dependant, often: frozenset[Any], *, embed: bool) -> None:
        self._name = dependant.name
        self._call: Any = dependant.call
        self._inputs = _Inputs(dependant, often, embed=embed)
        self._kept = dependant.use_cache and dependant.call in often

    async def solve(self, solving: _Solving, values: dict[str, Any]) -> None:
        """Call it where its own arguments are right, and add what it returns."""
        before = len(solving.errors)
        arguments = await self._inputs.solved(solving)
        if len(solving.errors) > before:
            return
        if self._kept and self._call in solving.done:
            value = solving.done[self._call]
        else:
            value = await self._call(**arguments)
            if self._kept:
                solving.done[self._call] = value
        if self._name is not None:
            values[self._name] = value


class Plan:
    """How one route is answered."""

    def __init__(self, context: RouteContext) -> None:
        dependant = context.dependant
        counted = Counter(one.call for one in _below(dependant))
        often = frozenset(call for call, times in counted.items() if times > 1)
        self._call: Any = dependant.call
        self._inputs = _Inputs(dependant, often, embed=context._embed_body_fields)  # noqa: SLF001
        self._takes_body = context.body_field is not None
        self._shown = _Shown(context)

    async def answer(self, request: Request) -> Response:
        """Return the route's answer; raises what it refuses and RequestValidationError."""
        body = await _json(request) if self._takes_body else Undefined
        solving = _Solving(request, body, {}, [])
        values = await self._inputs.solved(solving)
        if solving.errors:
            raise RequestValidationError(solving.errors, body=None if body is Undefined else body)
        answer = await self._call(**values)
        return answer if isinstance(answer, Response) else await self._shown.of(answer)


class _Shown:
    """How what a route returns becomes its answer."""

    def __init__(self, context: RouteContext) -> None:
        self._field: ModelField | None = context.response_field
        self._more: Mapping[str, Any] = {
            "include": context.response_model_include,
            "exclude": context.response_model_exclude,
            "by_alias": context.response_model_by_alias,
            "exclude_unset": context.response_model_exclude_unset,
            "exclude_defaults": context.response_model_exclude_defaults,
            "exclude_none": context.response_model_exclude_none,
        }
        self._status: int = context.status_code or 200

    async def of(self, answer: Any) -> Response:
        if self._field is None:
            response: Response = JSONResponse(jsonable_encoder(answer), self._status)
        else:
            content = await serialize_response(
                field=self._field, response_content=answer, dump_json=True, **self._more
            )
            response = Response(content, self._status, media_type="application/json")
        if not is_body_allowed_for_status_code(self._status):
            response.body = b""
        return response


def planned(context: RouteContext) -> Plan | None:
    """Return a route's plan; None where it needs the framework."""
    dependant = context.dependant
    # A class of its own is for what the route makes itself, a page: that is answered as it is.
    plain = isinstance(context.response_class, DefaultPlaceholder) or _makes_answer(context)
    body = context.body_field
    form = body is not None and isinstance(body.field_info, params.Form)
    stream = context.is_sse_stream or context.is_json_stream or context.max_body_size is not None
    odd = any(_odd(one) for one in (dependant, *_below(dependant)))
    return Plan(context) if plain and not (form or stream or odd) else None


def _makes_answer(context: RouteContext) -> bool:
    """Return whether the route returns a response by its own annotation."""
    made = get_type_hints(context.endpoint).get("return")
    return isinstance(made, type) and issubclass(made, Response)


def _below(dependant: Dependant) -> Iterable[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _below(one)


def _odd(dependant: Dependant) -> bool:
    call = dependant.call
    generates = isgeneratorfunction(call) or isasyncgenfunction(call)
    return generates or any(getattr(dependant, name) for name in _FOREIGN)


def _is_plain(field: ModelField) -> bool:
    """Return whether a field is one value under one name, with nothing to work out."""
    info = field.field_info
    alias = info.validation_alias in (None, field.alias)
    default = info.is_required() or isinstance(field.default, _SIMPLE)
    return info.annotation in _PLAIN and alias and default and not info.validate_default


def _whole(fields: Sequence[ModelField], *, embed: bool) -> ModelField | None:
    """Return the field that is the body itself, where it is one."""
    return fields[0] if len(fields) == 1 and not embed else None


async def _json(request: Request) -> Any:
    """Return the body's JSON; nothing for an empty one. The guard has seen to its type."""
    raw = await request.body()
    if not raw:
        return Undefined
    try:
        return json.loads(raw)
    except json.JSONDecodeError as error:
        problem = {
            "type": "json_invalid",
            "loc": ("body", error.pos),
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": error.msg},
        }
        raise RequestValidationError([problem], body=error.doc) from error
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, _UNREADABLE) from error
