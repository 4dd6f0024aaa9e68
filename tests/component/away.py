"""What every route that reads has to answer while MongoDB is away."""

import httpx

from shared.auth.rules import RouteRules


def reads(rules: RouteRules) -> set[str]:
    """The routes that only look."""
    return {route for route in rules if route.startswith("GET ")}


def assert_put_off(answer: httpx.Response) -> None:
    """The answer is a problem that says when to ask again."""
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/unavailable"
    assert int(answer.headers["Retry-After"]) > 0
