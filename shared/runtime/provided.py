"""How a route at module level gets what its service's `app.py` has wired.

ReaderDep = Annotated[Reader, Depends(provided(Reader))]

@router.get("/jobs")
async def list_jobs(reader: ReaderDep) -> ...
"""

from collections.abc import Awaitable, Callable, Mapping
from inspect import signature
from typing import Any, TypeVar, cast, get_type_hints

from fastapi import FastAPI, Request

P = TypeVar("P")


def provide(app: FastAPI, parts: Mapping[type, object]) -> None:
    """Have these parts at hand for the application's routes, each under the type it is asked by."""
    app.state.provided = dict(parts)


def provided(kind: type[P]) -> Callable[[Request], Awaitable[P]]:
    """Return the dependency that gives a route the part of this type.

    At a request it raises KeyError where `app.py` provides none.
    """

    async def part(request: Request) -> P:
        return cast("P", request.app.state.provided[kind])

    return part


def gathered(kind: type[P]) -> Callable[[Request], Awaitable[P]]:
    """Return the dependency that gives a route a dataclass of provided parts, by its fields' types.

    Each dependency of a route costs the framework some 25 us of a processor at every request.
    """
    hints = get_type_hints(kind)

    async def gather(request: Request) -> P:
        parts = request.app.state.provided
        if kind not in parts:
            # The parts of an application never change.
            parts[kind] = kind(**{name: parts[part] for name, part in hints.items()})
        return cast("P", parts[kind])

    return gather


def built(kind: type[P]) -> Callable[..., Awaitable[P]]:
    """Return the dependency that builds an object of a class from its constructor's dependencies.

    A class that is named as a dependency itself is called in a thread, for each request.
    """

    async def build(**parts: Any) -> P:
        return kind(**parts)

    build.__signature__ = signature(kind)  # type: ignore[attr-defined]
    return build
