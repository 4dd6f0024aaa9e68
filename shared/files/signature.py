"""Whether a PDF bears an electronic signature, and whether it still is what was signed.

By pyHanko, in a worker's child. Only integrity is looked at: that the signed bytes are those that
were signed, with the key of the certificate in the signature, and that nothing was added since but
what signing itself adds. Whose certificate it is, and whether anybody vouches for it, is not.
"""

import logging
from io import BytesIO
from typing import Final

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

SIGNED: Final = "signed"
UNSIGNED: Final = "unsigned"
DAMAGED: Final = "damaged"
_MARK: Final = b"/ByteRange"
"""Stands in the open wherever bytes are signed."""

# Its reports name objects of a stranger's file.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)


def signature_of(data: bytes) -> str:
    """Return `signed`, `unsigned`, or `damaged`: bytes were changed or added after signing."""
    if _MARK not in data:
        return UNSIGNED
    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        signatures = list(reader.embedded_regular_signatures)
        fields = {one.field_name for one in reader.embedded_signatures}
        whole = bool(signatures) and all(_is_whole(one, fields) for one in signatures)
    except Exception:  # noqa: BLE001 - a signature that cannot be followed proves nothing
        return DAMAGED
    return SIGNED if whole else DAMAGED


def _is_whole(signature: EmbeddedPdfSignature, fields: set[str]) -> bool:
    signature.compute_integrity_info()
    certificate = signature.signer_cert
    if certificate is None:
        return False
    intact, valid = validate_sig_integrity(
        signature.signer_info,
        certificate,
        expected_content_type="data",
        actual_digest=signature.compute_digest(),
    )
    return intact and valid and _nothing_added(signature, fields)


def _nothing_added(signature: EmbeddedPdfSignature, fields: set[str]) -> bool:
    """Whether what follows the signed bytes is of signing: further signatures, proofs of time."""
    found = signature.summarise_integrity_info()
    added = found["diff_result"]
    if not found["docmdp_ok"] or not isinstance(added, DiffResult):
        return False
    form_at_most = added.modification_level <= ModificationLevel.FORM_FILLING
    return form_at_most and added.changed_form_fields <= fields
