"""What a programme's answer tells and nobody sets: it may come back with the document it is in."""

from collections.abc import Mapping

from pydantic import BaseModel

from shared.contracts.event import ProgrammeId


class Standing(BaseModel):
    """Fields of `GET` that a `PUT` takes as they stand, and refuses by name where they differ.

    So what was read can be sent back, and who read an older version is told.
    """

    programme_id: ProgrammeId | None = None
    version: int | None = None
    copied_from: ProgrammeId | None = None
    catalogue_version: int | None = None
    sop_version: int | None = None

    @property
    def stated(self) -> Mapping[str, object]:
        """Return those that were sent, by the names that the programme has for them."""
        sent = self.model_fields_set & Standing.model_fields.keys()
        names = {"programme_id": "id"}
        return {names.get(name, name): getattr(self, name) for name in sorted(sent)}
