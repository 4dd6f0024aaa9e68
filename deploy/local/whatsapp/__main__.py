"""`python -m deploy.local.whatsapp`: the sandbox on 127.0.0.1, until Ctrl-C or SIGTERM.

Keys come from the environment or from files that it names (`WHATSAPP_SANDBOX_ACCESS_TOKEN`,
`..._FILE`), never from arguments, which everybody on the machine can read.
"""

import argparse
import asyncio
import socket
import sys
from collections.abc import Sequence

import httpx
import uvicorn
from pydantic import ValidationError

from deploy.local.whatsapp.app import sandbox_app
from deploy.local.whatsapp.sandbox import Sandbox
from deploy.local.whatsapp.settings import PREFIX, SandboxSettings
from shared.runtime.start import utc_now

HOST = "127.0.0.1"


def settings(words: Sequence[str]) -> SandboxSettings:
    """Return what arguments and environment say, arguments first. Raises ValidationError."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.whatsapp")
    parser.add_argument("--port", type=int, help="port on 127.0.0.1; 0 takes any that is free")
    parser.add_argument("--numbers", help="published numbers: ID=PHONE,ID=PHONE")
    parser.add_argument("--account", help="Meta's id of the account")
    parser.add_argument("--per-second", type=int, help="sends that one number may do")
    said = vars(parser.parse_args(words))
    return SandboxSettings(**{name: value for name, value in said.items() if value is not None})


async def serve(wanted: SandboxSettings) -> None:
    """Serve until a signal."""
    listener = socket.create_server((HOST, wanted.port))
    async with httpx.AsyncClient() as http:
        box = Sandbox(
            wanted.keys(),
            wanted.published(),
            wanted.account,
            per_second=wanted.per_second,
            clock=utc_now,
            http=http,
        )
        print(f"WhatsApp sandbox: http://{HOST}:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(sandbox_app(box), log_level="warning", access_log=False)
        await uvicorn.Server(config).serve([listener])


def main(words: Sequence[str]) -> int:
    """Run the sandbox; 2 where a setting is missing or wrong."""
    try:
        wanted = settings(words)
    except ValidationError as error:
        for part in error.errors():
            print(f"{PREFIX}{str(part['loc'][0]).upper()}: {part['msg']}", file=sys.stderr)
        return 2
    asyncio.run(serve(wanted))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
