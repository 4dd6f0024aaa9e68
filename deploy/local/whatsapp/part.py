"""A piece of a message that was sent, read with the refusals that Meta gives."""

from collections.abc import Sequence
from typing import Any

from deploy.local.whatsapp.faults import GraphError


class Part:
    """An object in the body of a call, and where it stands.

    Every reader raises GraphError: 131008 where something is missing, 131009 where it is not what
    it has to be. A refusal names the place and never says the value back.
    """

    def __init__(self, value: object, place: str = "") -> None:
        if not isinstance(value, dict):
            raise GraphError(131009, f"{place or 'The body'} must be an object.")
        self.value: dict[str, Any] = value
        self._place = place

    def has(self, name: str) -> bool:
        """Whether something stands there."""
        return self.value.get(name) is not None

    def part(self, name: str) -> "Part":
        """Return the object of this name."""
        return Part(self._wanted(name), self._at(name))

    def parts(self, name: str, most: int) -> Sequence["Part"]:
        """Return the objects of this name: at least one."""
        found = self._wanted(name)
        if not isinstance(found, list) or not 1 <= len(found) <= most:
            raise GraphError(131009, f"{self._at(name)} must hold 1 to {most} objects.")
        return [Part(one, f"{self._at(name)}[{place}]") for place, one in enumerate(found)]

    def text(self, name: str, most: int) -> str:
        """Return the text of this name: at least one character."""
        found = self._wanted(name)
        if not isinstance(found, str) or not 1 <= len(found) <= most:
            raise GraphError(131009, f"{self._at(name)} must be text of 1 to {most} characters.")
        return found

    def optional(self, name: str, most: int) -> str | None:
        """Return the text of this name, None where there is none."""
        return self.text(name, most) if self.has(name) else None

    def word(self, name: str, *words: str) -> str:
        """Return one of these words."""
        found = self.text(name, 200)
        if found not in words:
            raise GraphError(131009, f"{self._at(name)} must be one of {', '.join(words)}.")
        return found

    def _wanted(self, name: str) -> object:
        if not self.has(name):
            raise GraphError(131008, f"{self._at(name)} is missing.")
        return self.value[name]

    def _at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name
