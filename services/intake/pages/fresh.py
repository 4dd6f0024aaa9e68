"""A fresh sign-in by page: what needs one asks for password and code on the spot, and goes on.

Whatever was sent is kept in the form that asks, so nothing has to be entered again. A page's rule
is not `fresh`: the guard would refuse before the form is read. `FreshForm.asks` holds it instead.
"""

from typing import Annotated, Any, Final, Protocol

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from services.intake.domain import Refused, powerful
from services.intake.usecases import Clock
from shared.auth.roles import Caller, Forbidden
from shared.messaging.task import Outcome
from shared.messaging.unit_of_work import UseCase
from shared.runtime import Commands, Sent, built, form_sent, provided
from shared.web.guard import CallerDep
from shared.web.pages import Pages
from shared.web.problems import Conflict, SignInRefused

PASSWORD: Final = "bukti_sandi"  # noqa: S105 - a field's name
CODE: Final = "bukti_kode"
_AT: Final = {"code_needed": CODE, "code_wrong": CODE, "code_used": CODE}
_KNOWN: Final = {"not_recognised", "code_needed", "code_wrong", "code_used", "session_over"}


class Proves(Protocol):
    """Takes somebody's password and code once more."""

    async def prove(
        self, request: Request, response: Response, caller: Caller, password: str, code: str | None
    ) -> object:
        """Give the response a token that says so. Raises SignInRefused and TooManyRequests."""
        ...


class FreshForm:
    """A form that somebody has sent, and his fresh sign-in."""

    def __init__(
        self,
        request: Request,
        caller: CallerDep,
        pages: Annotated[Pages, Depends(provided(Pages))],
        proves: Annotated[Proves, Depends(provided(Proves))],
        clock: Annotated[Clock, Depends(provided(Clock))],
    ) -> None:
        self._request = request
        self._caller = caller
        self._pages = pages
        self._proves = proves
        self._clock = clock
        self._given = Response()

    async def asks(self, doing: str) -> Response | None:
        """Return the page that asks for password and code, or None: go on.

        `doing` is the key of what is to be done, below `proof.doing`. Raises TooManyRequests.
        """
        if self._caller.fresh(self._clock()):
            return None
        form = await self._request.form()
        if PASSWORD not in form or self._caller.session is None:
            return self._ask(form, doing)
        password, code = str(form[PASSWORD]), str(form.get(CODE, "")).replace(" ", "")
        if not password:
            return self._ask(form, doing, "password_empty")
        try:
            await self._proves.prove(
                self._request, self._given, self._caller, password, code or None
            )
        except SignInRefused as refused:
            return self._ask(form, doing, refused.reason)
        return None

    def _ask(self, form: FormData, doing: str, reason: str = "") -> Response:
        kept = [
            (name, value)
            for name, value in form.multi_items()
            if name not in (PASSWORD, CODE) and isinstance(value, str)
        ]
        known = reason if reason in _KNOWN | {"password_empty"} else "other"
        return self._pages.render(
            self._request,
            "bukti.html",
            status=422 if reason else 200,
            doing=doing,
            kept=kept,
            machine=self._caller.session is None,
            with_code=powerful(role.value for role in self._caller.roles),
            wrong=(_AT.get(reason, PASSWORD), known) if reason else None,
        )

    async def sent(self, content: str) -> Sent:
        """Return the form as a command; `content` is what it asks for, without any secret."""
        return await form_sent(self._request, self._caller, content)

    async def run(self, commands: Commands, use_case: UseCase, content: str, key: str) -> Any:
        """Run the form as a command. Raises Refused with a reason that pages have words for."""
        return (await self.command(commands, use_case, content, key)).answer

    async def command(
        self, commands: Commands, use_case: UseCase, content: str, key: str
    ) -> Outcome:
        """Run the form as `run` does; return whether it was a repetition, too."""
        sent = await self.sent(content)
        try:
            return await commands.run(use_case, sent=sent, key=key)
        except Conflict as conflict:
            raise Refused(str(conflict.members.get("reason")), conflict.detail) from None
        except Forbidden as forbidden:
            raise Refused("beyond_reach", str(forbidden)) from None

    def done(self, response: Response) -> Response:
        """Return a response with the token of a fresh sign-in, where there was one."""
        cookies = [one for one in self._given.raw_headers if one[0] == b"set-cookie"]
        response.raw_headers.extend(cookies)
        return response


FreshFormDep = Annotated[FreshForm, Depends(built(FreshForm))]
