"""The tests' side, below `/_sandbox`: behaviour, residents who write, time, what was sent.

Every call carries the control key as a bearer token. Refusals are RFC 9457 problems.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Final

import httpx
from fastapi import APIRouter, Depends, Header, Query
from pydantic import AwareDatetime, Field

from deploy.local.whatsapp.behaviour import MAX_WAITING, Behaviour, Statuses
from deploy.local.whatsapp.faults import FAULTS
from deploy.local.whatsapp.graph import SandboxDep
from deploy.local.whatsapp.messages import Template
from deploy.local.whatsapp.postman import Delivery, Plan
from deploy.local.whatsapp.sandbox import Sandbox
from deploy.local.whatsapp.world import Resident, Sent, user_id_of
from deploy.local.whatsapp.writing import Message
from shared.web.body import Body
from shared.web.problems import Conflict, FieldError, InvalidFields, NotAccepted, NotFound

ROOT: Final = "/_sandbox"
PHONE: Final = r"^[1-9][0-9]{7,14}$"
_OK: Final = 200


def holds_control_key(box: SandboxDep, authorization: Annotated[str, Header()] = "") -> None:
    """Let only holders of the control key in."""
    right = f"Bearer {box.keys.control_key}"
    if not hmac.compare_digest(authorization.encode(), right.encode()):
        raise NotAccepted("the control key is needed")


router = APIRouter(prefix=ROOT, dependencies=[Depends(holds_control_key)])


class WebhookBody(Body):
    """Where webhooks go. `verify_token`: another than the right one, to see it refused."""

    url: str = Field(pattern=r"^https?://[^ ]+$")
    verify_token: str | None = None


@router.put("/webhook")
async def put_webhook(body: WebhookBody, box: SandboxDep) -> dict[str, str]:
    """Ask the address to prove itself (hub.challenge), and send webhooks there from now on."""
    challenge = str(secrets.randbelow(9 * 10**9) + 10**9)
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": challenge,
        "hub.verify_token": body.verify_token or box.keys.verify_token,
    }
    try:
        answer = await box.http.get(body.url, params=query)
    except httpx.TransportError:
        raise Conflict("the address does not answer", reason="unreachable") from None
    if answer.status_code != _OK or answer.text != challenge:
        raise Conflict(
            f"the challenge came not back: status {answer.status_code}", reason="not_verified"
        )
    box.postman.url = body.url
    return {"url": body.url}


class ClockBody(Body):
    """How time moves: a step, or a time at which it stands."""

    advance_seconds: int = Field(default=0, ge=0, le=366 * 86_400)
    at: AwareDatetime | None = None


@router.post("/clock")
async def post_clock(body: ClockBody, box: SandboxDep) -> dict[str, str]:
    """Move the clock, and tell the time."""
    if body.at is not None:
        box.clock.stand(body.at)
    box.clock.advance(timedelta(seconds=body.advance_seconds))
    return {"now": box.clock().isoformat()}


@router.post("/behaviours", status_code=204)
async def post_behaviour(body: Behaviour, box: SandboxDep) -> None:
    """Set what the next calls of a kind meet."""
    if box.behaviours.full:
        raise Conflict(f"{MAX_WAITING} behaviours wait already", reason="too_many")
    box.behaviours.add(body)


@router.get("/behaviours")
async def get_behaviours(box: SandboxDep) -> list[dict[str, object]]:
    """List what still waits for its calls."""
    return box.behaviours.waiting


class RulesBody(Body):
    """Where Meta does it one way or the other."""

    refuses_closed_window_at_once: bool
    """131047 as the answer; else a send is accepted and fails by a status, as Meta mostly does."""


@router.put("/rules", status_code=204)
async def put_rules(body: RulesBody, box: SandboxDep) -> None:
    """Set the rules."""
    box.refuses_closed_window_at_once = body.refuses_closed_window_at_once


@router.put("/templates", status_code=204)
async def put_templates(
    body: Annotated[list[Template], Field(max_length=100)], box: SandboxDep
) -> None:
    """Have these templates approved, or refused, from now on."""
    box.approve(body)


class ResidentBody(Body):
    """Somebody made up. Without `wa_id` only the user id is known; `user_id` is made of the key."""

    name: str = "Warga"
    wa_id: str | None = Field(default=None, pattern=PHONE)
    user_id: str | None = Field(default=None, pattern=r"^[A-Z]{2}\.[0-9]{1,30}$")
    username: str | None = None
    reachable: bool = True
    reads: bool = False


@router.put("/residents/{key}")
async def put_resident(key: str, body: ResidentBody, box: SandboxDep) -> dict[str, Any]:
    """Know somebody, or what is new about him: a phone number beside a user id, another name."""
    said = body.model_dump() | {"user_id": body.user_id or user_id_of(key)}
    others = [one for one in box.world.residents.values() if one.key != key]
    if said["user_id"] in {one.user_id for one in others}:
        raise Conflict("somebody else has this user id", reason="user_id_taken")
    _is_free(body.wa_id, others)
    return asdict(box.world.known(Resident(key=key, **said)))


class NumberBody(Body):
    """Somebody's new number, told to the published number `to`; without it the id alone."""

    to: str
    wa_id: str | None = Field(default=None, pattern=PHONE)


@router.post("/residents/{key}/number")
async def post_number(key: str, body: NumberBody, box: SandboxDep) -> dict[str, Any]:
    """Give somebody another number and another user id, of which Meta tells."""
    if body.to not in box.world.numbers:
        raise InvalidFields(FieldError("/to", "is no published number"))
    resident = _known(key, box)
    _is_free(body.wa_id, list(box.world.residents.values()))
    return asdict(box.move(resident, box.world.numbers[body.to], body.wa_id))


@router.post("/residents/{key}/messages", status_code=201)
async def post_writing(key: str, body: Message, box: SandboxDep) -> dict[str, str]:
    """Let somebody write."""
    if body.to not in box.world.numbers:
        raise InvalidFields(FieldError("/to", "is no published number"))
    return {"id": box.write(_known(key, box), body)}


class StatusesBody(Body):
    """Statuses that follow a message, in this order; `failed` has an error."""

    message_id: str
    statuses: Statuses
    error: int | None = None
    copies: int = Field(default=1, ge=1, le=20)


@router.post("/statuses", status_code=204)
async def post_statuses(body: StatusesBody, box: SandboxDep) -> None:
    """Say what became of a message that was sent."""
    if body.message_id not in box.world.sent:
        raise NotFound("no such message was sent")
    if body.error is not None and body.error not in FAULTS:
        raise InvalidFields(FieldError("/error", "no such error is known here"))
    box.tell(box.world.sent[body.message_id], body.statuses, body.error, body.copies)


@router.put("/delivery", status_code=204)
async def put_delivery(body: Plan, box: SandboxDep) -> None:
    """Set how webhooks leave."""
    box.postman.plan = body


@router.post("/flush")
async def post_flush(box: SandboxDep) -> dict[str, Any]:
    """Post what waits and await what is on its way."""
    posted = await box.postman.flush()
    return {"waiting": len(box.postman.waiting), "posted": [_posted(one) for one in posted]}


class ReplayBody(Body):
    """How often the whole history comes again; its order is the plan's."""

    times: int = Field(default=1, ge=1, le=10)


@router.post("/replay")
async def post_replay(body: ReplayBody, box: SandboxDep) -> dict[str, Any]:
    """Post the whole history of messages and statuses again."""
    if box.postman.url is None:
        raise Conflict("webhooks have no address yet", reason="no_webhook")
    posted = await box.postman.replay(box.world.updates, body.times)
    return {"updates": len(box.world.updates), "posted": [_posted(one) for one in posted]}


@router.get("/sent")
async def get_sent(
    box: SandboxDep,
    number: Annotated[str | None, Query(max_length=40)] = None,
    to: Annotated[str | None, Query(max_length=40)] = None,
) -> list[dict[str, Any]]:
    """List what was accepted, of one number or to one resident's key where that is asked."""
    return [
        _sent(one)
        for one in box.world.sent.values()
        if number in {None, one.number.id} and to in {None, one.resident.key}
    ]


@router.get("/calls")
async def get_calls(box: SandboxDep) -> Sequence[dict[str, Any]]:
    """List every call of Meta's side and how it ended."""
    return [asdict(call) for call in box.world.calls]


@router.get("/deliveries")
async def get_deliveries(box: SandboxDep) -> list[dict[str, Any]]:
    """List every webhook that was posted, with its very bytes and what was answered."""
    return [
        {**_posted(one), "signature": one.signature, "raw": one.raw.decode("ascii")}
        for one in box.postman.deliveries
    ]


@router.post("/reset", status_code=204)
async def post_reset(box: SandboxDep) -> None:
    """Forget everything but keys, numbers and the webhook's address."""
    await box.postman.close()
    box.reset()


def _known(key: str, box: Sandbox) -> Resident:
    if key not in box.world.residents:
        raise NotFound("nobody is known by this key")
    return box.world.residents[key]


def _is_free(phone: str | None, others: Sequence[Resident]) -> None:
    if phone is not None and phone in {one.wa_id for one in others}:
        raise Conflict("somebody has this number: take it from him", reason="phone_taken")


def _posted(delivery: Delivery) -> dict[str, Any]:
    return {
        "updates": delivery.updates,
        "answers": delivery.answers,
        "taken": delivery.taken,
    }


def _sent(sent: Sent) -> dict[str, Any]:
    return {
        "id": sent.id,
        "number": sent.number.id,
        "to": sent.resident.key,
        "type": sent.type,
        "payload": sent.payload,
        "at": sent.at.isoformat(),
        "in_window": sent.in_window,
        "statuses": sent.statuses,
        "error": sent.error,
    }
