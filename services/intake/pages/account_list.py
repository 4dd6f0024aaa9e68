"""Akun, the list: who has an account here, and the one that is looked for.

What is looked for is a person's name, so it comes in the body and stands in no address. Names lie
sealed: those within reach are opened and compared, so many at most.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from services.intake.domain import Account
from services.intake.pages.accounts import ACCOUNTS, ADMINS, Office, OfficeDep
from services.intake.pages.grants import programmes_of, said
from services.intake.usecases import administers
from shared.auth.rules import RouteRules
from shared.contracts.event import AggregateId

RULES: Final[RouteRules] = {f"GET {ACCOUNTS}": ADMINS, f"POST {ACCOUNTS}": ADMINS}
PAGE: Final = 50
"""Accounts that are looked at for one page; those within reach are shown, or found."""
LOOKED_AT: Final = 5_000
"""Accounts that are looked through for a name; an office has some thousand."""
_AT_ONCE: Final = 500
_MAX_TYPED: Final = 100

router = APIRouter(include_in_schema=False)
Row = tuple[Account, str]
"""An account with its login name."""


@router.get(ACCOUNTS)
async def show_accounts(
    office: OfficeDep, mulai: Annotated[AggregateId, Query()] = "a"
) -> Response:
    """Show the accounts within reach, with their login names."""
    found = await office.reader.accounts(mulai, PAGE)
    more = found[-1].id if len(found) == PAGE else ""
    return await _shown(office, await _within_reach(office, found), {"more": more})


@router.post(ACCOUNTS)
async def find_accounts(
    office: OfficeDep, cari: Annotated[str, Form(max_length=400)] = ""
) -> Response:
    """Show the accounts within reach whose login name holds what was typed, or whose id it is."""
    wanted = cari.strip().casefold()[:_MAX_TYPED]
    if not wanted:
        return await show_accounts(office)
    found: list[Row] = []
    async for account, login in _everybody(office):
        if wanted in login or wanted == account.id:
            found.append((account, login))
        if len(found) > PAGE:
            break
    too_many = len(found) > PAGE
    return await _shown(office, found[:PAGE], {"sought": cari.strip(), "too_many": too_many})


async def _everybody(office: Office) -> AsyncIterator[Row]:
    after, looked_at = "a", 0
    while looked_at < LOOKED_AT and (page := await office.reader.accounts(after, _AT_ONCE)):
        for row in await _within_reach(office, page):
            yield row
        after, looked_at = page[-1].id, looked_at + len(page)


async def _within_reach(office: Office, accounts: Sequence[Account]) -> list[Row]:
    ours = [one for one in accounts if administers(office.caller, one.grants)]
    names = await office.sign_in.names_of(ours)
    return [(one, names[one.id]) for one in ours]


async def _shown(office: Office, rows: Sequence[Row], more: Mapping[str, Any]) -> Response:
    programmes = await programmes_of(office.caller, office.reader)
    shown = [(one, login, said(one.grants, programmes)) for one, login in rows]
    known = {"sought": "", "too_many": False, "more": "", **more}
    return office.pages.render(office.request, "akun.html", accounts=shown, **known)
