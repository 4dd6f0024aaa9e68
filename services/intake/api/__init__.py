"""Intake over HTTP: programmes, catalogues, requests and their papers, status, accounts."""

from typing import Final

from services.intake.api import (
    accounts,
    cases,
    catalogues,
    checklist,
    devices,
    invitations,
    papers,
    programmes,
    requests,
    session,
    track,
)
from shared.auth.rules import RouteRules

RULES: Final[RouteRules] = {
    **programmes.RULES,
    **catalogues.RULES,
    **requests.RULES,
    **cases.RULES,
    **papers.RULES,
    **checklist.RULES,
    **track.RULES,
    **session.RULES,
    **devices.RULES,
    **accounts.RULES,
    **invitations.RULES,
}
"""Which roles may use which route; programme and region are checked on what is asked for."""

ROUTERS: Final = (
    programmes.router,
    catalogues.router,
    requests.router,
    cases.router,
    papers.router,
    checklist.router,
    track.router,
    session.router,
    devices.router,
    accounts.router,
    invitations.router,
)
