"""A small made-up SOP, published for the kit's BOTRAM by an admin who has just signed in."""

from collections.abc import Mapping
from typing import Any

from tests.component.intake.kit import Desk

EVERYBODY = ("operator", "supervisor", "importer")


def state(name: str, *steps: str, **more: Any) -> dict[str, Any]:
    """Return what holds in one state."""
    rules = [{"step": step, "roles": list(EVERYBODY)} for step in steps]
    return {"state": name, "steps": rules, "source": "Usulan kami.", **more}


def passing(amount: int, tell: str = "supervisor") -> dict[str, Any]:
    """Return a time of working days."""
    return {"after": {"amount": amount, "unit": "working_days"}, "tell": tell}


def body(**changed: Any) -> dict[str, Any]:
    """Return the body of an SOP that fits the kit's BOTRAM; rejecting is no step of it."""
    received = state(
        "received",
        "verify",
        "issue",
        "cancel",
        time=passing(1),
        escalation=passing(1, "head"),
    )
    return {"states": [received, state("verified", "issue", time=passing(2))], **changed}


async def publish(
    office: Desk, programme_id: str = "botram", said: Mapping[str, Any] | None = None
) -> Any:
    """Publish it, or another one."""
    path = f"/programmes/{programme_id}/sop"
    return await office.person("PUT", path, "admin", json=said or body())
