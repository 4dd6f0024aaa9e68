"""`make test-long` tries ten times as many examples, wherever a number of them is stated."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.local.folder import ROOT
from tests import size
from tests.budgets import TESTS

PROGRAM = """
from hypothesis import settings
from tests import size
size.load_profile()
print(size.examples(40), list(size.seeds(11, 2))[-1], settings().max_examples)
"""


@pytest.mark.parametrize(("value", "said"), [("1", "400 30 1000"), ("0", "40 12 100")])
def test_ten_times_as_many_by_one_variable(
    value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(size.VARIABLE, value)
    command = [sys.executable, "-c", PROGRAM]
    found = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert found.stdout.strip() == said


def test_the_profile_is_loaded_and_has_no_deadline() -> None:
    assert settings().deadline is None
    assert settings().max_examples == size.examples(100)


def test_no_test_states_a_number_of_examples_by_itself() -> None:
    fixed = [where for file in sorted(TESTS.rglob("*.py")) for where in _fixed(file)]
    assert fixed == [], "say max_examples=examples(...), of tests.size"


def _fixed(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.keyword(arg="max_examples", value=ast.Constant(lineno=line)):
                yield f"{file.relative_to(TESTS)}:{line}"
