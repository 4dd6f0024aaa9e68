"""The files of `published/`: what they are called, what lies there, and whether all is in order."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

HISTORY = "history"
ASYNCAPI = "asyncapi.json"

_TYPE = r"(?P<type>[a-z]+\.[a-z_]+\.v[0-9]+)"
_CURRENT = re.compile(rf"{_TYPE}\.(schema|example)\.json")
_EXAMPLE = re.compile(rf"{_TYPE}\.example\.(?P<number>[0-9]+)\.json")
_SCHEMA = re.compile(rf"{HISTORY}/{_TYPE}\.(?P<number>[0-9]+)\.schema\.json")


def schema_file(published: Path, event_type: str) -> Path:
    """Where the current schema of a type lies."""
    return published / f"{event_type}.schema.json"


def example_file(published: Path, event_type: str) -> Path:
    """Where the current example of a type lies."""
    return published / f"{event_type}.example.json"


def schema_files(published: Path, event_type: str) -> list[Path]:
    """Every schema ever published of a type, oldest first, the current one last."""
    archived = _numbered(published, event_type, _SCHEMA)
    return [*archived.values(), *_existing(schema_file(published, event_type))]


def example_files(published: Path, event_type: str) -> list[Path]:
    """Every example ever published of a type, oldest first, the current one last."""
    archived = _numbered(published, event_type, _EXAMPLE)
    return [*archived.values(), *_existing(example_file(published, event_type))]


def next_archived_schema(published: Path, event_type: str) -> Path:
    """Where the current schema goes when another takes its place."""
    number = len(_numbered(published, event_type, _SCHEMA)) + 1
    return published / HISTORY / f"{event_type}.{number}.schema.json"


def next_archived_example(published: Path, event_type: str) -> Path:
    """Where the current example goes when another takes its place."""
    number = len(_numbered(published, event_type, _EXAMPLE)) + 1
    return published / f"{event_type}.example.{number}.json"


def disorder(published: Path, types: Collection[str]) -> Iterator[str]:
    """One sentence for each file that belongs to no known type, and for each gap in the numbers."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for name in _names(published):
        match = _CURRENT.fullmatch(name) or _EXAMPLE.fullmatch(name) or _SCHEMA.fullmatch(name)
        if match is None and name != ASYNCAPI:
            yield f"published/{name}: no file of this name is written here; take it away"
        elif match is not None and match["type"] not in types:
            yield f"{match['type']}: published/{name} is there, the class is gone; put it back"
        elif match is not None and match.re is not _CURRENT:
            pattern = name.replace(f".{match['number']}.", ".{}.")
            numbers[pattern].add(int(match["number"]))
    for pattern, there in numbers.items():
        for missing in sorted(set(range(1, max(there) + 1)) - there):
            yield f"published/{pattern.format(missing)}: was published, is missing; put it back"


def _names(published: Path) -> list[str]:
    files = (path for path in published.rglob("*") if path.is_file())
    return sorted(path.relative_to(published).as_posix() for path in files)


def _numbered(published: Path, event_type: str, pattern: re.Pattern[str]) -> dict[int, Path]:
    matches = (pattern.fullmatch(name) for name in _names(published))
    found = {
        int(match["number"]): published / match.string
        for match in matches
        if match is not None and match["type"] == event_type
    }
    return dict(sorted(found.items()))


def _existing(path: Path) -> list[Path]:
    return [path] if path.exists() else []
