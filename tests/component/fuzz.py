"""A service held against its own OpenAPI document, with requests that schemathesis makes up.

The service runs on the real kernel with fakes below it, in the test's own event loop; hypothesis
runs beside it in a thread. A third of the requests is as the document says, a third breaks it, and
a third names what the service really holds, so that more than "not found" is answered.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy, from_regex, one_of, sampled_from
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.auth.roles import Role
from shared.contracts.envelope import new_id
from shared.testing.callers import HOST
from shared.testing.messaging import MemoryMessaging
from shared.web.idempotency import HEADER
from tests.component.away import assert_put_off
from tests.size import examples

CHECKS: Final[list[CheckFunction]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
EXAMPLES: Final = 30
"""Requests for each operation."""
AWAY: Final = 30
"""Requests for each operation while the database is away; each command waits for it."""
PATIENCE: Final = 0.05
"""Seconds that a command waits for a database that stays away; ten in production."""

_REFUSALS: Final = frozenset({400, 401, 403, 404, 409, 415, 422, 429})
_LOOP_PATIENCE: Final = 30.0
_SCHEMAS: Final[dict[str, Any]] = {}
"""What a service's document says, read once for all of its routes."""


@dataclass(frozen=True)
class Target:
    """A running service, and values of fields and parameters that it knows, by their names."""

    messaging: MemoryMessaging
    client: httpx.AsyncClient
    known: Mapping[str, Any]

    async def described(self) -> "Target":
        """Return the same once the service's own document is known: it comes from code alone."""
        if self.messaging.service not in _SCHEMAS:
            answer = await self.client.get("/api/openapi.json")
            assert answer.status_code == 200
            schema = schemathesis.openapi.from_dict(_quick(answer.json()))
            _SCHEMAS[self.messaging.service] = schema
        return self

    def headers(self) -> dict[str, str]:
        """Return a person's headers who has every role everywhere and has just signed in."""
        agency = {Role.AGENCY_OPERATOR: ":dinkes"}
        grants = [f"{role}:*:*{agency.get(role, '')}" for role in Role]
        own = self.messaging.session_headers(*grants, subject="agus", session="s-agus")
        return {**own, HEADER: new_id()}


def _quick(node: Any) -> Any:
    """Return the document with a format of ours in the place of each pattern.

    Drawn from the patterns themselves, ids and public texts take minutes: repeats lie in repeats.
    What breaks a pattern is tried by test_personal_data.py. Token and key are the target's.
    """
    if isinstance(node, list):
        return [_quick(part) for part in node if not _is_ours(part)]
    if not isinstance(node, dict):
        return node
    copied = {name: _quick(part) for name, part in node.items() if name != "security"}
    if isinstance(pattern := copied.get("pattern"), str):
        for name in (name for name, (sample, _) in _FORMATS.items() if re.search(pattern, sample)):
            del copied["pattern"]
            return {**copied, "format": name}
    return copied


def _is_ours(part: Any) -> bool:
    """Whether this is the parameter that every request here has from the target itself."""
    return isinstance(part, dict) and part.get("name") == HEADER


def _texts(regex: str) -> SearchStrategy[str]:
    return from_regex(regex, fullmatch=True)


_FORMATS: Final[Mapping[str, tuple[str, SearchStrategy[str]]]] = {
    "x-text": ("Desa Setu, RW 5", _texts("[A-Z\u00c0][a-z]{1,9} [A-Za-z.,()-]{1,9}[0-9]{1,6}")),
    "x-id": ("Id:1-a", _texts("[A-Za-z]{1,9}[:._-][0-9]{1,6}")),
    "x-token": ("loket-1", _texts("[a-z]{1,9}-[0-9]{1,4}")),
    "x-slug": ("botram_1", _texts("[a-z]{1,9}_[0-9]{1,4}")),
    "x-code": ("KIA_1", _texts("[A-Z]{2,9}_[0-9]{1,4}")),
    "x-rw": ("005", _texts("00[1-9]")),
    "x-time": ("09:00", _texts("0[0-9]:[0-5][0-9]")),
    "x-region": ("32.16.18", sampled_from(["32.16.18", "32.16"])),
    "x-village": ("32.75.01.1001", sampled_from(["32.75.01.1001"])),
}
"""For each format of ours a sample and what is drawn; a pattern takes the first that fits it."""

for _name, (_sample, _strategy) in _FORMATS.items():
    schemathesis.openapi.format(_name, _strategy)


async def hold(target: Target, route: str) -> None:
    """Fail where an answer of this route breaks the document or is a server error."""
    await _try_out(target, route, EXAMPLES, _hold_answer)


async def hold_away(target: Target, route: str) -> None:
    """Fail where the route answers other than a refusal or 503 while the database is away.

    At least one request has to come as far as the database.
    """
    seen: list[int] = []

    def put_off(case: schemathesis.Case[Any], answer: httpx.Response) -> None:
        seen.append(answer.status_code)
        if answer.status_code not in _REFUSALS:
            assert_put_off(answer)
        _hold_answer(case, answer)

    target.messaging.memory.away = True
    try:
        await _try_out(target, route, AWAY, put_off)
    finally:
        target.messaging.memory.away = False
    assert 503 in seen, f"{route}: {sorted(set(seen))}"


async def _try_out(
    target: Target,
    route: str,
    usual: int,
    judge: Callable[[schemathesis.Case[Any], httpx.Response], None],
) -> None:
    loop = asyncio.get_running_loop()
    operation = _operation(target, route)

    def one(case: schemathesis.Case[Any]) -> None:
        sending = asyncio.run_coroutine_threadsafe(_send(target, case), loop)
        judge(case, sending.result(_LOOP_PATIENCE))

    tried = settings(
        max_examples=examples(usual),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(tried(given(case=_cases(operation, target.known))(one)))


def _operation(target: Target, route: str) -> Any:
    method, _, path = route.partition(" ")
    return _SCHEMAS[target.messaging.service][f"/{target.messaging.service}{path}"][method]


def _cases(operation: Any, known: Mapping[str, Any]) -> SearchStrategy[Any]:
    positive = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    strategies = [positive, positive.map(lambda case: _naming(case, known))]
    if operation.body or operation.query or operation.path_parameters:
        strategies.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    return one_of(strategies)


def _naming(case: Any, known: Mapping[str, Any]) -> Any:
    """Put what the service knows in the place of what was made up."""
    for container in (case.path_parameters, case.query, case.body):
        if isinstance(container, dict):
            container.update({name: known[name] for name in container if name in known})
    return case


async def _send(target: Target, case: Any) -> httpx.Response:
    made = case.as_transport_kwargs(base_url=HOST)
    wire = requests.Request(
        **{name: made[name] for name in made if name in _OF_A_REQUEST}
    ).prepare()
    wire.headers.update(target.headers())  # in place of what was made up
    sent = httpx.Request(
        str(wire.method),
        str(wire.url),
        headers=[(_bytes(name), _bytes(value)) for name, value in wire.headers.items()],
        content=_bytes(wire.body or b""),
    )
    return await target.client.send(sent)


_OF_A_REQUEST: Final = frozenset(
    {"method", "url", "headers", "files", "data", "params", "cookies", "json"}
)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("latin-1")


def _hold_answer(case: Any, answer: httpx.Response) -> None:
    checks = [c for c in CHECKS if answer.status_code != 503 or c is not not_a_server_error]
    case.validate_response(answer, checks=checks)
    if answer.status_code >= 400:
        _hold_problem(answer)


def _hold_problem(answer: httpx.Response) -> None:
    """A refusal is one that we know, and one of a field names the field."""
    assert answer.status_code in _REFUSALS | {503}, answer.text
    problem = answer.json()
    assert (problem["status"], problem["type"][:10]) == (answer.status_code, "/problems/")
    if answer.status_code == 422 and "reason" not in problem:
        assert problem["errors"], problem
        assert all(error["field"] and error["reason"] for error in problem["errors"])
