"""Meta's errors: code, title and details, as an answer and as part of a status.

Source: Meta's list of WhatsApp error codes. The HTTP statuses differ between its copies (130429 is
said to be 400 and 429): whoever handles them goes by the code, and a behaviour may set another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from shared.contracts.envelope import new_id

HREF: Final = (
    "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes/"
)
NO_SUCH_OBJECT: Final = 33
"""Meta's subcode of 100: nothing with this id, or nothing any more."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One of Meta's errors."""

    code: int
    title: str
    details: str
    status: int = 400

    def document(self, subcode: int | None = None) -> dict[str, Any]:
        """Return the body of an answer."""
        error: dict[str, Any] = {
            "message": f"(#{self.code}) {self.title}",
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": new_id(),
        }
        return {"error": error | ({} if subcode is None else {"error_subcode": subcode})}

    def in_status(self) -> dict[str, Any]:
        """Return the error as a status or a message carries it."""
        return {
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": self.details},
            "href": HREF,
        }


_ALL: Final = (
    Fault(1, "An unknown error occurred", "Try again later.", 500),
    Fault(2, "Service temporarily unavailable", "Try again later.", 503),
    Fault(4, "Application request limit reached", "Too many calls of this application."),
    Fault(100, "Invalid parameter", "A parameter is not supported, or is misspelt."),
    Fault(190, "Invalid OAuth access token", "The access token cannot be read.", 401),
    Fault(130429, "Rate limit hit", "Too many messages were sent from this phone number."),
    Fault(131000, "Something went wrong", "Message failed to send: unknown error.", 500),
    Fault(131005, "Access denied", "The permission is not granted, or was taken back.", 403),
    Fault(131008, "Required parameter is missing", "A required parameter is missing."),
    Fault(131009, "Parameter value is not valid", "The value of a parameter is not valid."),
    Fault(131016, "Service unavailable", "A service is temporarily unavailable.", 503),
    Fault(131026, "Message undeliverable", "Message undeliverable."),
    Fault(131042, "Business eligibility payment issue", "The payment method has a problem."),
    Fault(
        131047,
        "Re-engagement message",
        "More than 24 hours have passed since the customer last replied to this number.",
    ),
    Fault(131048, "Spam rate limit hit", "Too many earlier messages were blocked as spam."),
    Fault(131051, "Unsupported message type", "Message type is not supported."),
    Fault(131052, "Media download error", "The media that the user sent cannot be downloaded."),
    Fault(131053, "Media upload error", "The media of the message cannot be uploaded."),
    Fault(131056, "Pair rate limit hit", "Too many messages to the same recipient."),
    Fault(132000, "Template param count mismatch", "The number of parameters does not fit."),
    Fault(132001, "Template does not exist", "No such template in this language.", 404),
    Fault(132012, "Template parameter format mismatch", "A parameter is of another format."),
    Fault(132015, "Template is paused", "The template is paused due to low quality."),
    Fault(132016, "Template is disabled", "The template was paused too often."),
)
FAULTS: Final[Mapping[int, Fault]] = {fault.code: fault for fault in _ALL}


class GraphError(Exception):
    """A call that is refused; `bare` is answered without JSON, as a server before Meta's would."""

    def __init__(
        self,
        code: int,
        details: str = "",
        *,
        status: int | None = None,
        subcode: int | None = None,
        bare: bool = False,
    ) -> None:
        known = FAULTS[code]
        self.fault = replace(known, details=details or known.details)
        self.status = status or known.status
        self.subcode = subcode
        self.bare = bare
        super().__init__(f"{code}: {self.fault.details}")


def no_such(object_id: str) -> GraphError:
    """Return the refusal of an id behind which there is nothing, or nothing any more."""
    details = f"Object with ID '{object_id}' does not exist, or cannot be loaded."
    return GraphError(100, details, subcode=NO_SUCH_OBJECT)
