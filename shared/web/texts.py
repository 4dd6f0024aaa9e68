"""The words on the pages, one catalogue a service, so that a replica can change them.

A catalogue is a TOML file of tables; a text is found by its dotted path. Later files override
earlier ones, so a replica's file holds only its own texts.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

FRAME_TEXTS: Final = Path(__file__).with_name("texts.toml")
"""The words of the frame, the sign-in page and the error pages."""


class Texts:
    """Texts by key; `{name}` in a text is filled in from the call."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)

    @classmethod
    def load(cls, *paths: Path) -> "Texts":
        """The frame's texts, overridden by these catalogues in turn; TypeError on a non-text."""
        found: dict[str, str] = {}
        for path in (FRAME_TEXTS, *paths):
            found.update(_flat(tomllib.loads(path.read_text(encoding="utf-8")), ()))
        return cls(found)

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def __call__(self, key: str, /, **values: object) -> str:
        """The text; KeyError when there is none, or when it wants a value not given."""
        return self._texts[key].format_map(values)

    def as_written(self, key: str) -> str:
        """The text with its `{name}`s, for a script to fill in; KeyError when there is none."""
        return self._texts[key]

    def below(self, path: str) -> list[str]:
        """The last parts of the keys below a path: what a script may have to say."""
        start = f"{path}."
        return [key.removeprefix(start) for key in self._texts if key.startswith(start)]

    def service(self, code: str, names: Mapping[str, str]) -> str:
        """What a service is called: as its programme's catalogue does, else as the texts do.

        The texts know services of other agencies, which are in no catalogue. Else it is its code.
        """
        if code in names:
            return names[code]
        return self._texts.get(f"service.{code}", code)


def _flat(table: Mapping[str, Any], path: Sequence[str]) -> Iterable[tuple[str, str]]:
    for name, value in table.items():
        here = (*path, name)
        if isinstance(value, dict):
            yield from _flat(value, here)
        elif isinstance(value, str):
            yield ".".join(here), value
        else:
            raise TypeError(f"not a text: {'.'.join(here)}")
