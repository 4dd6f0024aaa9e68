"""Meta's side: `POST /v25.0/{number}/messages`, files up and down, as the Cloud API answers."""

import asyncio
import hmac
import json
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.routing import APIRoute
from starlette.datastructures import UploadFile

from deploy.local.whatsapp.behaviour import On
from deploy.local.whatsapp.faults import GraphError, no_such
from deploy.local.whatsapp.media import LIMITS, MIB, PATH, Medium
from deploy.local.whatsapp.part import Part
from deploy.local.whatsapp.sandbox import Sandbox
from deploy.local.whatsapp.world import Call, Number, Sent

BODY: Final = MIB
"""Bytes of a message's JSON."""
FORM: Final = max(LIMITS.values()) + MIB
"""Bytes of an upload: the largest file and what is written round it."""
_VERSION: Final = re.compile(r"v[0-9]{1,2}\.[0-9]")


def sandbox_of(request: Request) -> Sandbox:
    """Return the sandbox that this application is of."""
    found: Sandbox = request.app.state.sandbox
    return found


SandboxDep = Annotated[Sandbox, Depends(sandbox_of)]


class _Graph(APIRoute):
    """A route of Meta's: refused as Meta refuses, and remembered."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the route with its refusals turned into answers."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            box = sandbox_of(request)
            code = None
            try:
                _authenticate(request, box)
                response = await handle(request)
            except GraphError as error:
                code = error.fault.code
                response = _refusal(error)
            path = request.url.path
            call = Call(box.clock(), request.method, path, response.status_code, code)
            box.world.calls.append(call)
            return response

        return answer


calls = APIRouter(prefix="/{version}", route_class=_Graph)
files = APIRouter(route_class=_Graph)


@calls.post("/{number_id}/messages")
async def post_message(number_id: str, request: Request, box: SandboxDep) -> dict[str, Any]:
    """Send a message, or mark one as read."""
    number = box.world.number(number_id)
    behaviour = await box.meet(On.MESSAGES, number_id)
    message = Part(await _json(request))
    if message.has("status"):
        message.word("status", "read")
        message.text("message_id", 200)
        return {"success": True}
    sent = box.send(number, message, behaviour)
    await asyncio.sleep(behaviour.delay_seconds)
    behaviour.lose_answer()
    return _accepted(sent)


@calls.post("/{number_id}/media")
async def post_media(number_id: str, request: Request, box: SandboxDep) -> dict[str, str]:
    """Take a file."""
    box.world.number(number_id)
    behaviour = await box.meet(On.UPLOAD, number_id)
    content, mime_type = await _uploaded(request)
    medium = box.media.upload(content, mime_type)
    await asyncio.sleep(behaviour.delay_seconds)
    behaviour.lose_answer()
    return {"id": medium.id}


@files.get(PATH)
async def get_file(request: Request, box: SandboxDep) -> Response:
    """Give a file away, at the address that was asked for."""
    behaviour = await box.meet(On.DOWNLOAD)
    await asyncio.sleep(behaviour.delay_seconds)
    query = request.query_params
    ends = query.get("ext", "")
    ends_at = int(ends) if ends.isdecimal() and ends.isascii() else 0
    medium = box.media.fetch(query.get("mid", ""), ends_at, query.get("hash", ""))
    if behaviour.expired:
        raise GraphError(100, "The address has run out: ask for a new one.", status=404)
    content = medium.content
    if behaviour.truncated:
        content = content[: len(content) // 2]
    return Response(content, media_type=medium.mime_type)


@calls.get("/{account_id}/phone_numbers")
async def get_numbers(account_id: str, box: SandboxDep) -> dict[str, list[dict[str, str]]]:
    """List the published numbers."""
    if account_id != box.account:
        raise no_such(account_id)
    return {"data": [_shown(number) for number in box.world.numbers.values()]}


@calls.get("/{object_id}")
async def get_object(object_id: str, request: Request, box: SandboxDep) -> dict[str, Any]:
    """Tell about a number, or where a file can be fetched for a few minutes."""
    if object_id in box.world.numbers:
        return dict(_shown(box.world.numbers[object_id]))
    behaviour = await box.meet(On.MEDIA)
    await asyncio.sleep(behaviour.delay_seconds)
    medium = box.media.find(object_id)
    if behaviour.expired:
        raise no_such(object_id)
    digest = medium.hexadecimal if not behaviour.wrong_digest else "0" * 64
    return _told(medium, digest, box.media.address(medium, _origin(request)))


@calls.delete("/{object_id}")
async def delete_object(object_id: str, box: SandboxDep) -> dict[str, bool]:
    """Forget a file."""
    box.media.remove(object_id)
    return {"success": True}


def _authenticate(request: Request, box: Sandbox) -> None:
    version = request.path_params.get("version")
    if version is not None and not _VERSION.fullmatch(version):
        raise GraphError(100, "Unknown path components.", status=404)
    said = request.headers.get("authorization", "")
    right = f"Bearer {box.keys.access_token}"
    if not hmac.compare_digest(said.encode(), right.encode()):
        raise GraphError(190)


def _refusal(error: GraphError) -> Response:
    if error.bare:
        return PlainTextResponse("upstream error", error.status)
    return JSONResponse(error.fault.document(error.subcode), error.status)


async def _json(request: Request) -> object:
    raw = b""
    async for piece in request.stream():
        raw += piece
        if len(raw) > BODY:
            raise GraphError(100, f"The body is larger than {BODY} bytes.", status=413)
    try:
        found: object = json.loads(raw)
    except ValueError:
        raise GraphError(100, "The body is not JSON.") from None
    return found


async def _uploaded(request: Request) -> tuple[bytes, str]:
    stated = request.headers.get("content-length", "")
    if not stated.isdigit() or int(stated) > FORM:
        raise GraphError(100, f"An upload states its length: at most {FORM} bytes.", status=413)
    async with request.form(max_files=1, max_fields=4) as form:
        file = form.get("file")
        if form.get("messaging_product") != "whatsapp" or not isinstance(file, UploadFile):
            raise GraphError(131008, "messaging_product and file are needed.")
        declared = form.get("type")
        mime_type = declared if isinstance(declared, str) else file.content_type or ""
        return await file.read(), mime_type


def _accepted(sent: Sent) -> dict[str, Any]:
    resident = sent.resident
    known = {"wa_id": resident.wa_id} if resident.wa_id else {"user_id": resident.user_id}
    state = {"message_status": "accepted"} if sent.type == "template" else {}
    return {
        "messaging_product": "whatsapp",
        "contacts": [{"input": sent.input, **known}],
        "messages": [{"id": sent.id, **state}],
    }


def _shown(number: Number) -> dict[str, str]:
    return {"id": number.id, "display_phone_number": number.display, "verified_name": "Dukcapil"}


def _told(medium: Medium, digest: str, address: str) -> dict[str, Any]:
    return {
        "messaging_product": "whatsapp",
        "url": address,
        "mime_type": medium.mime_type,
        "sha256": digest,
        "file_size": len(medium.content),
        "id": medium.id,
    }


def _origin(request: Request) -> str:
    return str(request.base_url).rstrip("/")
