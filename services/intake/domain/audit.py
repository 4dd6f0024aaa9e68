"""What intake notes in its trail (`shared/audit`): about sign-ins, rights, exports and persons."""

from enum import StrEnum


class Deed(StrEnum):
    """What was done."""

    SIGNED_IN = "signed_in"
    PROVED = "proved"
    SIGNED_OUT = "signed_out"
    REFRESH_REUSED = "refresh_reused"
    REFRESH_ELSEWHERE = "refresh_elsewhere"
    DEVICE_REVOKED = "device_revoked"
    ASKED = "asked"
    """For what another person has to approve: `said` has what and the grants."""
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    INVITED = "invited"
    PASSWORD_SET = "password_set"  # noqa: S105 - a deed
    SECOND_FACTOR_SET = "second_factor_set"
    GRANTED = "granted"
    DISABLED = "disabled"
    MACHINE_TOKEN = "machine_token"  # noqa: S105 - a deed
    """A machine got a token: `said` has until when, what for and the grants."""
    RECOVERED = "recovered"
    READ = "read"
    """Somebody looked at a person, or exported him: `said` has the route or command."""
    ERASURE_ASKED = "erasure_asked"
    ERASURE_APPROVED = "erasure_approved"
    ERASURE_EXPIRED = "erasure_expired"
    ERASURE_DECLINED = "erasure_declined"
    """A supervisor refused what was asked for: `said` has who asked and the reason."""
    ERASED = "erased"
    EXPORTED = "exported"
    """All that is held about a resident was written out: `said` has the reason given."""
    CORRECTED = "corrected"
    """What is held about a resident: `said` names the fields, without values."""
    RESTRICTED = "restricted"
    """The processing for a resident was stopped: `said` has the reason."""
    RESTRICTION_LIFTED = "restriction_lifted"
    DOCUMENT_CONFIRMED = "document_confirmed"
    """A second person let a document pass: `said` has file, result, differing fields and reason."""
