"""Devices over HTTP: one's own, those of people one supervises, and what was noticed about them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from services.intake.api.session import EVERYBODY
from services.intake.domain import Account, Device, Devices, Ended, Sign
from services.intake.usecases import Reader, is_told, revoke_device, sign_out_everywhere, supervises
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

SUPERVISORS: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})
RULES: Final[RouteRules] = {
    "GET /api/devices": EVERYBODY,
    "DELETE /api/devices": EVERYBODY,
    "DELETE /api/devices/{device_id}": EVERYBODY,
    "GET /api/accounts/{account_id}/devices": Rule(SUPERVISORS),
    "DELETE /api/accounts/{account_id}/devices/{device_id}": Rule(SUPERVISORS),
    "GET /api/security-records": Rule(SUPERVISORS | {Role.AUDITOR}),
}
RECORDS: Final = 200
"""Records in one answer at most, the newest."""


class DeviceAnswer(BaseModel):
    """A device; `here` is the one that asks."""

    device_id: str
    label: str
    first_at: datetime
    last_at: datetime
    open: bool
    ended: Ended | None
    revoked: bool
    here: bool


class RecordAnswer(BaseModel):
    """Something that was noticed about an account."""

    record_id: str
    sign: Sign
    account_id: str
    device: str
    at: datetime


router = APIRouter(prefix="/api")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
AccountPath = Annotated[AggregateId, Path()]
DevicePath = Annotated[AggregateId, Path()]


@router.get("/devices")
async def list_own(caller: CallerDep, reader: ReaderDep) -> list[DeviceAnswer]:
    """Return one's own devices, the last used first."""
    return _answers(await reader.get(Devices, caller.subject), caller.session)


@router.delete("/devices", status_code=204)
async def delete_sessions(caller: CallerDep, commands: CommandsDep, sent: SentDep) -> None:
    """Sign out on every device, this one included; all may sign in again."""
    await commands.run(
        lambda uow: sign_out_everywhere(caller.subject, uow), sent=sent, key=caller.subject
    )


@router.delete("/devices/{device_id}", status_code=204)
async def delete_own(
    device_id: DevicePath, caller: CallerDep, commands: CommandsDep, sent: SentDep
) -> None:
    """End one's own device for good."""
    await commands.run(
        lambda uow: revoke_device(caller.subject, device_id, uow), sent=sent, key=caller.subject
    )


@router.get("/accounts/{account_id}/devices")
async def list_devices(
    account_id: AccountPath, caller: CallerDep, reader: ReaderDep
) -> list[DeviceAnswer]:
    """Return somebody's devices."""
    supervises(caller, await _account(account_id, reader))
    return _answers(await reader.get(Devices, account_id), None)


@router.delete("/accounts/{account_id}/devices/{device_id}", status_code=204)
async def delete_device(
    account_id: AccountPath,
    device_id: DevicePath,
    caller: CallerDep,
    reader: ReaderDep,
    commands: CommandsDep,
    sent: SentDep,
) -> None:
    """End somebody's device for good."""
    supervises(caller, await _account(account_id, reader))
    await commands.run(
        lambda uow: revoke_device(account_id, device_id, uow), sent=sent, key=account_id
    )


@router.get("/security-records")
async def list_records(
    caller: CallerDep,
    reader: ReaderDep,
    limit: Annotated[int, Query(ge=1, le=RECORDS)] = RECORDS,
) -> list[RecordAnswer]:
    """Return what was noticed about the accounts that one supervises, newest first."""
    return [
        RecordAnswer(
            record_id=one.id, sign=one.sign, account_id=one.account_id, device=one.device, at=one.at
        )
        for one in await reader.security_records(limit)
        if is_told(caller, one.grants)
    ]


async def _account(account_id: str, reader: Reader) -> Account:
    account = await reader.get(Account, account_id)
    if account is None:
        raise NotFound("account")
    return account


def _answers(devices: Devices | None, session: str | None) -> list[DeviceAnswer]:
    found: Sequence[Device] = devices.devices if devices else ()
    return [
        DeviceAnswer(
            device_id=one.id,
            label=one.label,
            first_at=one.first_at,
            last_at=one.last_at,
            open=one.session is not None,
            ended=one.ended,
            revoked=one.revoked,
            here=one.session is not None and one.session.id == session,
        )
        for one in sorted(found, key=lambda one: one.last_at, reverse=True)
    ]
