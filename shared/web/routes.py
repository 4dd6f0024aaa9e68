"""The routes of one application with the rule of each: what the guard, the metrics and tests read.

Built once, when all routes are there. A route without a rule and a rule without a route are both
errors at start; a route added later has no rule and is refused.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any, Final, Literal

from fastapi import FastAPI, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from shared.auth.rules import RouteRules, Rule

BodyKind = Literal["json", "form"]

API: Final = "/api/"
"""Paths below this, behind the prefix, answer machines: problems as JSON, unknown query fields
refused."""


class RuleMismatch(Exception):  # noqa: N818 - reads as the finding it is
    """Routes and rules do not fit; the message names every route and rule that is wrong."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one route: its template, rule, kind of body and known query fields.

    The template is the one that the service's own table names, without the prefix: metrics, logs
    and audit trails read the same wherever the service lies.
    """

    method: str
    template: str
    rule: Rule
    body: BodyKind | None
    query: frozenset[str]

    @property
    def key(self) -> str:
        """The route as the table of rules writes it."""
        return f"{self.method} {self.template}"


@dataclass(frozen=True, slots=True)
class Found:
    """What the table knows of a request's path: the route, or the methods that the path has."""

    route: Route | None = None
    allowed: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    """What the path names, by the names in the route's template."""


def placed(rules: RouteRules, prefix: str) -> dict[str, Rule]:
    """Return the rules of routes that lie below a prefix, by whole paths."""
    parts = {key.partition(" ")[::2]: rule for key, rule in rules.items()}
    return {f"{method} {prefix}{path}": rule for (method, path), rule in parts.items()}


class RouteTable:
    """Routes in the order in which the application tries them."""

    def __init__(self, app: FastAPI, rules: RouteRules, prefix: str = "") -> None:
        """`rules` are keyed by whole paths; below `prefix` lies what is the service's own."""
        self._live: Sequence[BaseRoute] = app.routes
        self._contexts = list(iter_route_contexts(app.routes))
        _check(self._contexts, rules)
        self._routes = [
            {key: _route(context, key, rules[key], prefix) for key in _keys(context)}
            for context in self._contexts
        ]
        keys = [key for routes in self._routes for key in routes if "{" not in key]
        self._fixed: dict[str, Found | None] = dict.fromkeys(keys)
        """Of paths without parameters, what was found when it was first looked up."""

    @property
    def rules(self) -> Mapping[str, Rule]:
        """Every route's rule, by `METHOD /path/{template}` with the whole path."""
        return {key: route.rule for routes in self._routes for key, route in routes.items()}

    def find(self, scope: Scope) -> Found:
        """The first route that takes this request, as the router itself would choose."""
        # A path without parameters is looked up once: most requests are, and routes are many.
        key = f"{scope['method']} {scope['path']}"
        found = self._fixed.get(key) or self._looked_up(scope)
        if key in self._fixed:
            self._fixed[key] = found
        return found

    def _looked_up(self, scope: Scope) -> Found:
        allowed: list[str] = []
        for context, routes in zip(self._contexts, self._routes, strict=True):
            match, more = context.matches(scope)
            if match is Match.FULL:
                route = routes[f"{scope['method']} {context.path_format}"]
                return Found(route, params=more.get("path_params", {}))
            if match is Match.PARTIAL:
                allowed += sorted(context.methods or ())
        return Found(allowed=tuple(dict.fromkeys(allowed)))

    def strays(self, scope: Scope) -> bool:
        """Whether a route that came after this table would take the request."""
        return any(route.matches(dict(scope))[0] is Match.FULL for route in self._live)


def _keys(context: RouteContext) -> Iterable[str]:
    return [f"{method} {context.path_format}" for method in sorted(context.methods or ())]


def _check(contexts: Sequence[RouteContext], rules: RouteRules) -> None:
    for context in contexts:
        if not isinstance(context.original_route, APIRoute):
            raise RuleMismatch(f"only API routes can have a rule: {context.path}")
    keys = [key for context in contexts for key in _keys(context)]
    wrong = {
        "routes without a rule": sorted(set(keys) - set(rules)),
        "rules without a route": sorted(set(rules) - set(keys)),
        "routes declared twice": sorted(key for key, times in Counter(keys).items() if times > 1),
        "plain functions, each of which would cost a thread": sorted(set(_plain(contexts))),
    }
    found = [f"{what}: {', '.join(which)}" for what, which in wrong.items() if which]
    if found:
        raise RuleMismatch("; ".join(found))


def _plain(contexts: Sequence[RouteContext]) -> Iterable[str]:
    for context in contexts:
        yield from (name for call in _calls(context.dependant) if (name := _threaded(call)))


def _calls(dependant: Dependant) -> Iterable[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


def _threaded(call: object) -> str:
    """Return the name of what the framework would run in a thread, for each request anew."""
    return "" if iscoroutinefunction(call) else getattr(call, "__qualname__", repr(call))


def _route(context: RouteContext, key: str, rule: Rule, prefix: str) -> Route:
    method, path = key.split(" ", 1)
    template = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path
    query = frozenset(_query(context.dependant))
    return Route(method, template, rule, _body(context.body_field), query)


def _body(field: Any) -> BodyKind | None:
    if field is None:
        return None
    return "form" if isinstance(field.field_info, params.Form) else "json"


def _query(dependant: Dependant) -> Iterable[str]:
    for param in dependant.query_params:
        model = param.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (part.alias or name for name, part in model.model_fields.items())
        else:
            yield param.alias
    for inner in dependant.dependencies:
        yield from _query(inner)
