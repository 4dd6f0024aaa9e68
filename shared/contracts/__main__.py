"""`python -m shared.contracts` writes what is generated from the classes; `--check` compares."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from shared.contracts import CATALOGUE
from shared.contracts.publish import Catalogue, Places, Plan, plan, write


def here() -> Places:
    """The places of this repository."""
    contracts = Path(__file__).resolve().parent
    return Places(
        published=contracts / "published",
        readme=contracts / "README.md",
        services=contracts.parents[1] / "services",
    )


def main(arguments: Sequence[str], catalogue: Catalogue, places: Places) -> int:
    """Exit code: 0 when all is in step, 1 when something drifted or is refused."""
    parser = argparse.ArgumentParser(prog="python -m shared.contracts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    checking = parser.parse_args(arguments).check
    todo = plan(catalogue, places)
    if todo.refusals:
        print("Refused, nothing was written:", *todo.refusals, sep="\n  ", file=sys.stderr)
        return 1
    return _check(todo, places) if checking else _write(todo, places)


def _check(todo: Plan, places: Places) -> int:
    if not todo.changes:
        print("Schemas, examples, AsyncAPI and README are in step with the classes.")
        return 0
    print("Not in step with the classes:", *_names(todo, places), sep="\n  ", file=sys.stderr)
    print("To fix it: python -m shared.contracts, then commit the result.", file=sys.stderr)
    return 1


def _write(todo: Plan, places: Places) -> int:
    write(todo.changes)
    print(f"{len(todo.changes)} files written.", *_names(todo, places), sep="\n  ")
    return 0


def _names(todo: Plan, places: Places) -> list[str]:
    return [path.relative_to(places.readme.parent).as_posix() for path in todo.changes]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], CATALOGUE, here()))
