"""Intake's pages: the front door of the origin (start page, sign-in), tracking, services."""

from typing import Final

from services.intake.pages import (
    account_list,
    account_requests,
    accounts,
    ask,
    batches,
    complain,
    complaint_status,
    complaints_desk,
    counter,
    data_use,
    desk,
    desk_case,
    devices,
    documents,
    handovers,
    history,
    manual,
    numbers,
    outside,
    paper_surveys,
    parties,
    places,
    print_lists,
    record,
    rosters,
    security,
    services,
    signin,
    start,
    surveys,
    tracking,
)
from services.intake.pages.complaints_desk import ShowsComplaints
from services.intake.pages.fresh import Proves
from services.intake.pages.people import ShowsPeople
from services.intake.pages.tracking import TakesReceipts
from shared.auth.roles import Role
from shared.auth.rules import RouteRules
from shared.web.pages import NavItem

PICTURES: Final = tuple(manual.picture_folders())
"""Folders of the manual's pictures."""
NAVIGATION: Final = (
    NavItem(services.SERVICES, "navigation.services"),
    NavItem(places.PLACES, "navigation.places"),
    NavItem(tracking.TRACK, "navigation.tracking"),
    NavItem(complain.COMPLAIN, "navigation.complain"),
    NavItem(manual.MANUAL, "navigation.manual"),
    NavItem(desk.DESK, "navigation.desk", frozenset({Role.OPERATOR, Role.SUPERVISOR})),
    NavItem(counter.COUNTER, "navigation.counter", frozenset({Role.OPERATOR, Role.SUPERVISOR})),
    NavItem(devices.DEVICES, "navigation.devices", frozenset(Role)),
)

FRONT_RULES: Final[RouteRules] = {**start.RULES, **signin.RULES, **manual.FRONT_RULES}
FRONT_ROUTERS: Final = (start.router, signin.router, manual.front_router)
"""These lie at the root of the origin; no other service has any there."""

RULES: Final[RouteRules] = {
    **tracking.RULES,
    **surveys.RULES,
    **desk.RULES,
    **numbers.RULES,
    **batches.RULES,
    **handovers.RULES,
    **print_lists.RULES,
    **desk_case.RULES,
    **documents.RULES,
    **outside.RULES,
    **parties.RULES,
    **paper_surveys.RULES,
    **counter.RULES,
    **record.RULES,
    **history.RULES,
    **rosters.RULES,
    **devices.RULES,
    **account_list.RULES,
    **accounts.RULES,
    **account_requests.RULES,
    **security.RULES,
    **services.RULES,
    **places.RULES,
    **ask.RULES,
    **complain.RULES,
    **complaint_status.RULES,
    **complaints_desk.RULES,
    **data_use.RULES,
    **manual.RULES,
}
ROUTERS: Final = (
    tracking.router,
    surveys.router,
    desk.router,
    numbers.router,
    batches.router,
    handovers.router,
    print_lists.router,
    desk_case.router,
    documents.router,
    outside.router,
    parties.router,
    paper_surveys.router,
    counter.router,
    record.router,
    history.router,
    rosters.router,
    devices.router,
    account_list.router,
    accounts.router,
    account_requests.router,
    security.router,
    services.router,
    places.router,
    ask.router,
    complain.router,
    complaint_status.router,
    complaints_desk.router,
    data_use.router,
    manual.router,
)

__all__ = [
    "FRONT_ROUTERS",
    "FRONT_RULES",
    "NAVIGATION",
    "ROUTERS",
    "RULES",
    "Proves",
    "ShowsComplaints",
    "ShowsPeople",
    "TakesReceipts",
]
