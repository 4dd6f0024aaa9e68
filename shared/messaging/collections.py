"""Which types a service keeps, and each as a document.

The codec comes from the type: pydantic reads a plain dataclass's annotations, so a domain type
needs no mapping by hand and no import of ours. Values are stored as JSON has them: times as text
(MongoDB cuts them to milliseconds, and the earliest must stay the earliest), enums by value, tuples
and sets as lists. A field that an older document lacks takes the dataclass's default.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from shared.messaging.message import Document

T = TypeVar("T")


def _id_of(kept: Any) -> str:
    return str(kept.id)


class Collection(Generic[T]):
    """The collection of one type.

    `key` is the document's id, by default the field or property `id`. `label` is the word in
    the answer 404. `derived` adds fields that only queries read. `version` is the type's own
    field; a type without one is written once. `apart` is the part of the service's data that it
    lies in: a database of its own, `<database>_<apart>`, so that it is backed up apart from the
    rest. It takes part in the same transactions. `listed`: its ids stand in the record of actions;
    not where they are made of somebody's identity, for that record is kept when he is erased.
    """

    def __init__(
        self,
        name: str,
        kept: type[T],
        *,
        key: Callable[[T], str] = _id_of,
        label: str = "",
        derived: Callable[[T], Mapping[str, Any]] | None = None,
        apart: str = "",
        listed: bool = True,
    ) -> None:
        self.name = name
        self.apart = apart
        self.listed = listed
        self.type = kept
        self.key = key
        self.label = label or kept.__name__.lower()
        self._derived = derived
        self._adapter: TypeAdapter[T] = TypeAdapter(kept)

    def encode(self, kept: T) -> Document:
        """Return the document of a value: `_id`, `version`, its fields, and what is derived."""
        document: Document = {"_id": self.key(kept), "version": 1}
        document |= self._adapter.dump_python(kept, mode="json")
        document.pop("id", None)
        if self._derived is not None:
            document |= self._derived(kept)
        return document

    def decode(self, document: Document) -> T:
        """Return the value of a document."""
        return self._adapter.validate_python({**document, "id": document["_id"]})


class Collections:
    """What one service keeps: its typed collections, and the names of others it writes itself."""

    def __init__(self, *typed: Collection[Any], raw: Sequence[str] = ()) -> None:
        self._of = {collection.type: collection for collection in typed}
        self.names: tuple[str, ...] = (*(collection.name for collection in typed), *raw)
        self.apart: Mapping[str, str] = {one.name: one.apart for one in typed if one.apart}
        """Collections that lie in a database of their own, each with that part's name."""
        self.unlisted = frozenset(one.name for one in typed if not one.listed)
        """Collections whose ids the record of actions leaves out."""

    def of(self, kept: type[T]) -> Collection[T]:
        """Return the collection of a type. Raises KeyError for a type that is not kept."""
        return self._of[kept]
