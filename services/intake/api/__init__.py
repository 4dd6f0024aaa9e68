"""Intake over HTTP: programmes, requests, cases, a request's status by its code, and accounts."""

from typing import Final

from services.intake.api import (
    accounts,
    cases,
    devices,
    invitations,
    programmes,
    requests,
    session,
    track,
)
from shared.auth.rules import RouteRules

RULES: Final[RouteRules] = {
    **programmes.RULES,
    **requests.RULES,
    **cases.RULES,
    **track.RULES,
    **session.RULES,
    **devices.RULES,
    **accounts.RULES,
    **invitations.RULES,
}
"""Which roles may use which route; programme and region are checked on what is asked for."""

ROUTERS: Final = (
    programmes.router,
    requests.router,
    cases.router,
    track.router,
    session.router,
    devices.router,
    accounts.router,
    invitations.router,
)
