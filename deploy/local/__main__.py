"""Commands: `python -m deploy.local VERB`."""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from deploy.compose.make_secrets import PRIVATE_KEY
from deploy.local import install
from deploy.local.demo.run import demo as demo_here
from deploy.local.demo.run import demo_against_compose
from deploy.local.errors import UnavailableError
from deploy.local.first_steps import first_steps, page
from deploy.local.folder import DEMO, LOCAL
from deploy.local.processes import FailedError, signals_interrupt
from deploy.local.restarts import Restarts
from deploy.local.servers import prepare, provide
from deploy.local.settings_files import command_line, write_settings
from deploy.local.stack import running

say = partial(print, flush=True)


def servers(words: Sequence[str]) -> None:
    """Start RabbitMQ and MongoDB, print where they are, stop them at Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local servers")
    parser.add_argument("--data", type=Path, default=LOCAL, help="folder of their data")
    parser.add_argument("--fresh", action="store_true", help="forget what is there, keep nothing")
    wanted = parser.parse_args(words)
    with provide(wanted.data, fresh=wanted.fresh, say=say) as running:
        say(f"AMQP_URL={running.amqp_url}")
        say(f"MANAGEMENT_URL={running.management_url}")
        say(f"MONGO_URL={running.mongo_url}")
        say("Ctrl-C stops them.")
        signal.pause()


def programs(words: Sequence[str]) -> None:
    """Install programs when they are missing, and print where they are."""
    known: dict[str, Callable[[], object]] = {
        "chromium": partial(install.chromium, say),
        "nginx": partial(install.nginx, say),
        "prometheus": partial(install.prometheus, say),
        "rabbitmq": partial(install.rabbitmq, say),
        "mongod": partial(install.mongod, say),
        "servers": partial(prepare, say),
    }
    parser = argparse.ArgumentParser(prog="python -m deploy.local install")
    parser.add_argument("name", nargs="+", choices=sorted(known))
    for name in parser.parse_args(words).name:
        say(f"{name}: {known[name]()}")


def demo(words: Sequence[str]) -> None:
    """Run a real day through the four services; ends with 1 where not everything agrees."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local demo")
    parser.add_argument(
        "--against-compose", action="store_true", help="on the stack that docker compose runs"
    )
    parser.add_argument("--data", type=Path, default=DEMO, help="folder that keeps the day")
    wanted = parser.parse_args(words)
    good = demo_against_compose(say) if wanted.against_compose else demo_here(wanted.data, say)
    if not good:
        raise FailedError("the demo did not come out as it must; see the lines above")


def up(words: Sequence[str]) -> None:
    """Run servers and services until Ctrl-C, and print where they are and what to do next."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local up")
    parser.add_argument("--data", type=Path, help="folder of their data")
    parser.add_argument("--demo", action="store_true", help="on the data that the demo has left")
    wanted = parser.parse_args(words)
    folder = wanted.data or (DEMO if wanted.demo else LOCAL)
    nginx = install.nginx(say)
    with (
        provide(folder, say=say) as servers,
        running(servers, folder / "stack", say=say, proxy=nginx) as stack,
    ):
        say(f"Jemput:    {stack.origin('intake')}/")
        _say_how_to_operate(folder / "stack" / "secrets", servers.amqp_url)
        say(f"commands:  {command_line(write_settings(stack))}")
        for line in stack.publish_shipped():
            say(f"programme: {line}")
        for line in first_steps(stack).lines():
            say(line)
        if wanted.demo:
            say(f"The demo's day: {page(stack)}")
        say("Ctrl-C stops them.")
        Restarts(stack, say).keep_running()


def _say_how_to_operate(secrets: Path, amqp_url: str) -> None:
    """Print how a token is made and where dead letters are looked at, without a password."""
    say(f"token:     .venv/bin/python -m shared.auth token --private {secrets / PRIVATE_KEY} ...")
    place = amqp_url.rpartition("@")[2]
    login = f"operator:$(cat {secrets / 'operator_amqp_password'})"
    say(f'dead:      export JEMPUT_OPERATOR_AMQP_URL="amqp://{login}@{place}"')
    say("           .venv/bin/python -m shared.messaging dead list --queue intake.events")


VERBS: dict[str, Callable[[Sequence[str]], None]] = {
    "demo": demo,
    "up": up,
    "servers": servers,
    "install": programs,
}


def main(words: Sequence[str]) -> int:
    """Run one verb; problems a person can solve are printed without a traceback."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local")
    parser.add_argument("verb", choices=sorted(VERBS))
    wanted = parser.parse_args(words[:1])
    try:
        with signals_interrupt():
            VERBS[wanted.verb](words[1:])
    except (UnavailableError, FailedError) as problem:
        say(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
