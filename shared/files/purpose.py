"""What a file is for, and so what it may be; and why one is refused."""

from dataclasses import dataclass
from typing import Final

from shared.files.sniff import JPEG, PDF, PNG, WEBP
from shared.web.problems import Problem
from shared.worker.jobs import MIB

SENTENCES: Final = {
    "too_large": "the file is larger than {limit_mib} MiB",
    "empty": "the file is empty",
    "cut_off": "the end of the file is missing; send it again",
    "type_not_allowed": "only {types} are taken here",
    "wrong_type": "the file is of another type than its Content-Type says",
    "heic": "HEIC photos are not taken; send the photo as JPEG",
    "svg": "SVG drawings are not taken; send a photo or a PDF",
    "password": "the PDF needs a password; save it without one",
    "script": "the PDF holds a script or a form with one",
    "embedded_file": "the PDF holds another file",
    "too_many_pages": "the PDF has more than {pages} pages",
    "too_many_pixels": "the image has more than {megapixels} million pixels (WebP: half of that)",
    "does_not_decode": "the file is damaged or is not what it says",
    "polyglot": "the file is an image and something else at once",
    "too_costly": "opening the file takes too much time or memory",
    "infected": "the virus scanner found something in the file",
}
"""Reason -> what is wrong, in plain words. The page's words stand under `file.<reason>`."""
_NAMES: Final = {JPEG: "JPEG", PNG: "PNG", WEBP: "WebP", PDF: "PDF"}
_STATUS: Final = {"too_large": 413, "type_not_allowed": 415, "wrong_type": 415} | dict.fromkeys(
    ("heic", "svg"), 415
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """A kind of files. Limits are stated here and nowhere else."""

    name: str
    limit: int
    """Bytes of a file, as it comes and as it is kept."""
    types: frozenset[str] = frozenset({JPEG, PNG, WEBP, PDF})
    pages: int = 200
    """Of a PDF."""
    pixels: int = 50_000_000
    """Of an image, what phones commonly make at their finest; half as many of a WebP, whose
    decoder needs twice the memory."""

    def refusal(self, reason: str) -> "FileRefused":
        """Return why a file is refused, with this purpose's limits."""
        return FileRefused(
            reason,
            SENTENCES[reason].format(
                limit_mib=self.limit // MIB,
                pages=self.pages,
                megapixels=self.pixels // 1_000_000,
                types=" and ".join(_listed(self.types).rsplit(", ", 1)),
            ),
        )


def _listed(types: frozenset[str]) -> str:
    return ", ".join(name for type_, name in _NAMES.items() if type_ in types)


class FileRefused(Problem):
    """A file that is not taken; `reason` is stable.

    The connection stays: what is still on its way is read by the server and dropped. Clients send
    all before they read, and would not see the answer of a connection that is closed on them.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(
            _STATUS.get(reason, 422),
            "file-refused",
            "The file is not taken",
            sentence,
            members={"reason": reason, "text_key": f"file.{reason}"},
        )
        self.reason = reason
