"""What services are called on the pages."""

from collections.abc import Callable

from services.scheduler.domain import Programme
from shared.web.texts import Texts


def service_names(programme: Programme | None, texts: Texts) -> Callable[[str], str]:
    """Return how to call a service: as its programme does, else as the texts do, else its code.

    The texts know services of other agencies, which are in no programme's catalogue.
    """
    names = programme.names if programme else {}

    def name(code: str) -> str:
        if code in names:
            return names[code]
        return texts(f"service.{code}") if f"service.{code}" in texts else code

    return name
