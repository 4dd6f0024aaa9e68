"""nginx with the shipped file before services of a test, and an office's nginx before it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.local import install, ports
from deploy.local.processes import Process, await_ready
from deploy.local.proxy import Proxy

OFFICE = "127.0.0.9"
"""From where the office's own proxy asks."""
OFFICE_PROXY = """
daemon off;
master_process off;
pid run/nginx.pid;
error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path run/body;
    proxy_temp_path run/proxy;
    fastcgi_temp_path run/fastcgi;
    uwsgi_temp_path run/uwsgi;
    scgi_temp_path run/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {inner};
            proxy_bind {office};
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;
        }}
    }}
}}
"""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """An application on a port of its own, which believes 127.0.0.1 as services do."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none")
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        await asyncio.wait_for(serving, 20)


@dataclass
class Echo:
    """A service that tells what came in; it can stream, and take a body piece by piece."""

    seen: list[Scope] = field(default_factory=list)
    pieces: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the end of the path."""
        self.seen.append(scope)
        if scope["path"].endswith("/arus"):
            await self._stream(send)
        elif scope["path"].endswith("/upload"):
            await self._take(receive, send)
        else:
            await _answer(send, b"ok")

    async def _stream(self, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await self.go_on.wait()
        await send({"type": "http.response.body", "body": b"data: 2\n\n"})

    async def _take(self, receive: Receive, send: Send) -> None:
        size, more = 0, True
        while more:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message.get("body", b""))
            self.pieces.put_nowait(message.get("body", b""))
            more = message.get("more_body", False)
        await _answer(send, str(size).encode())

    def headers(self) -> dict[str, str]:
        """The headers of the last request."""
        return {name.decode(): value.decode() for name, value in self.seen[-1]["headers"]}


async def _answer(send: Send, body: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def proxied(folder: Path, upstreams: Mapping[str, int], **more: Any) -> Iterator[Proxy]:
    """The shipped nginx before services on these ports."""
    given: dict[str, Any] = {"prefixes": {name: f"/{name}" for name in upstreams}, **more}
    proxy = Proxy(install.nginx(), folder / "inner", next(ports.free()), upstreams, **given)
    proxy.prepare()
    with proxy.process(folder / "inner.log") as process:
        await_ready(proxy.ready, what="nginx", timeout=20, process=process)
        yield proxy


@contextmanager
def office(folder: Path, inner: str) -> Iterator[str]:
    """An office's own nginx before a proxy at an address; its own address."""
    outer = folder / "outer"
    (outer / "run").mkdir(parents=True)
    port = next(ports.free())
    text = OFFICE_PROXY.format(port=port, inner=inner, office=OFFICE)
    (outer / "nginx.conf").write_text(text)
    command: list[str | Path] = [install.nginx(), "-p", f"{outer}/"]
    command += ["-c", "nginx.conf", "-e", "stderr"]

    def ready() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with Process("office", command, {}, folder / "outer.log", cwd=outer) as process:
        await_ready(ready, what="the office's nginx", timeout=20, process=process)
        yield f"http://127.0.0.1:{port}"


def client(url: str, source: str = "127.0.0.5", **more: Any) -> httpx.AsyncClient:
    """A client that asks from this address."""
    transport = httpx.AsyncHTTPTransport(
        local_address=source, limits=httpx.Limits(max_connections=None), **more
    )
    return httpx.AsyncClient(base_url=url, transport=transport, timeout=30)
