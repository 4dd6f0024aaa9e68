"""A request, as far as its ticket is concerned."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Case:
    """What is known here of a request, whichever of its messages came first.

    Once `received`, it is settled whether it has a ticket: `ticket_id` None means that none was
    due, because people simply walk up for that service.
    """

    id: str
    version: int = 0
    received: bool = False
    withdrawn: bool = False
    ticket_id: str | None = None

    def receive(self, ticket_id: str | None) -> "Case":
        """Settle which ticket the request has."""
        return replace(self, version=self.version + 1, received=True, ticket_id=ticket_id)

    def withdraw(self) -> "Case":
        """Note that the request was cancelled or rejected."""
        return replace(self, version=self.version + 1, withdrawn=True)
