"""Intake over HTTP: programmes, catalogues, requests and their papers, status, accounts."""

from typing import Final

from services.intake.api import (
    account_requests,
    accounts,
    cases,
    catalogues,
    checklist,
    corrections,
    devices,
    invitations,
    papers,
    parties,
    programmes,
    requests,
    residents,
    restriction,
    rights_requests,
    session,
    track,
    visits,
)
from shared.auth.rules import RouteRules

RULES: Final[RouteRules] = {
    **programmes.RULES,
    **catalogues.RULES,
    **requests.RULES,
    **visits.RULES,
    **cases.RULES,
    **papers.RULES,
    **parties.RULES,
    **residents.RULES,
    **restriction.RULES,
    **corrections.RULES,
    **checklist.RULES,
    **track.RULES,
    **session.RULES,
    **devices.RULES,
    **accounts.RULES,
    **account_requests.RULES,
    **invitations.RULES,
    **rights_requests.RULES,
}
"""Which roles may use which route; programme and region are checked on what is asked for."""

ROUTERS: Final = (
    programmes.router,
    catalogues.router,
    requests.router,
    visits.router,
    cases.router,
    papers.router,
    parties.router,
    residents.router,
    restriction.router,
    corrections.router,
    checklist.router,
    track.router,
    session.router,
    devices.router,
    accounts.router,
    account_requests.router,
    invitations.router,
    rights_requests.router,
)
