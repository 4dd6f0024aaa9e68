"""Intake over HTTP: programmes, catalogues, requests and their papers, status, accounts."""

from typing import Final

from services.intake.api import (
    account_requests,
    accounts,
    cases,
    catalogues,
    checklist,
    copies,
    corrections,
    devices,
    invitations,
    own_papers,
    papers,
    parties,
    programmes,
    requests,
    residents,
    restriction,
    rights_requests,
    session,
    track,
)
from shared.auth.rules import RouteRules

RULES: Final[RouteRules] = {
    **programmes.RULES,
    **copies.RULES,
    **catalogues.RULES,
    **requests.RULES,
    **cases.RULES,
    **papers.RULES,
    **parties.RULES,
    **residents.RULES,
    **restriction.RULES,
    **corrections.RULES,
    **checklist.RULES,
    **track.RULES,
    **own_papers.RULES,
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
    copies.router,
    catalogues.router,
    requests.router,
    cases.router,
    papers.router,
    parties.router,
    residents.router,
    restriction.router,
    corrections.router,
    checklist.router,
    track.router,
    own_papers.router,
    session.router,
    devices.router,
    accounts.router,
    account_requests.router,
    invitations.router,
    rights_requests.router,
)
