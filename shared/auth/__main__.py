"""Keys and tokens by command: `python -m shared.auth keys | rotate | retire | token`."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.auth.keys import (
    InvalidKey,
    SigningKey,
    load_private,
    load_public,
    replace_private,
    write_private,
    write_public,
)
from shared.auth.roles import Grant
from shared.auth.tokens import Clock, Issuer


def main(arguments: Sequence[str], clock: Clock) -> int:
    """Run one command; the exit status, 1 with a sentence on stderr when it was refused."""
    options = _parser().parse_args(arguments)
    try:
        print(options.run(options, clock))
    except (InvalidKey, OSError, ValueError, OverflowError) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shared.auth", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, run, text in (
        ("keys", _create, "create the first key pair; never overwrites"),
        ("rotate", _rotate, "sign with a new key from now on, old public keys stay valid"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("--private", type=Path, required=True, metavar="FILE")
        command.add_argument("--public", type=Path, required=True, metavar="FILE")
        command.set_defaults(run=run)
    retire = commands.add_parser("retire", help="stop believing a public key")
    retire.add_argument("--public", type=Path, required=True, metavar="FILE")
    retire.add_argument("--kid", required=True)
    retire.set_defaults(run=_retire)
    _add_token(commands.add_parser("token", help="print a token"))
    return parser


def _add_token(command: argparse.ArgumentParser) -> None:
    command.add_argument("--private", type=Path, required=True, metavar="FILE")
    command.add_argument("--subject", required=True)
    command.add_argument(
        "--grant",
        dest="grants",
        action="append",
        required=True,
        metavar="ROLE:PROGRAMME:REGION[:AGENCY]",
        help="operator:botram:32.16; programme and region may be *; agency_operator has an agency",
    )
    command.add_argument("--hours", type=float, required=True)
    command.set_defaults(run=_token)


def _create(options: argparse.Namespace, _: Clock) -> str:
    for path in (options.public, options.private):
        if path.exists():
            raise FileExistsError(f"{path.name} exists already; use rotate")
    key = SigningKey.generate()
    write_private(options.private, key)
    write_public(options.public, {key.kid: key.public})
    return f"created key {key.kid}"


def _rotate(options: argparse.Namespace, _: Clock) -> str:
    load_private(options.private)
    key = SigningKey.generate()
    # The public half first: a token is never signed by a key that nobody can look up.
    write_public(options.public, {**load_public(options.public), key.kid: key.public})
    replace_private(options.private, key)
    return f"now signing with key {key.kid}"


def _retire(options: argparse.Namespace, _: Clock) -> str:
    keys = dict(load_public(options.public))
    if keys.pop(options.kid, None) is None:
        raise InvalidKey(f"{options.public.name}: no key {options.kid}")
    write_public(options.public, keys)
    return f"retired key {options.kid}"


def _token(options: argparse.Namespace, clock: Clock) -> str:
    grants = [Grant.parse(text) for text in options.grants]
    issuer = Issuer(load_private(options.private), clock)
    return issuer.issue(options.subject, grants, timedelta(hours=options.hours))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], lambda: datetime.now(UTC)))
