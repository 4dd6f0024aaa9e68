"""Sub-districts by name or code, and documents by what offices call them."""

import re
from collections.abc import Mapping
from typing import Final

from services.intake.domain.imports.rows import Cell, Kind
from services.intake.domain.programme import Programme
from services.intake.domain.refusal import Refused

Districts = Mapping[str, tuple[str, ...]]
"""`district_key` of a name -> the codes that have it, within the programme's region."""

_NO_LETTER: Final = re.compile(r"[^a-z0-9]+")
_CALLED: Final = re.compile(r"^(?:kecamatan|kec)\b[. ]*")
_CODE: Final = re.compile(r"[0-9]{2}\.?[0-9]{2}\.?[0-9]{2}(?:\.?[0-9]{4})?")
_PARTS: Final = ((0, 2), (2, 4), (4, 6), (6, 10))
"""Of a code without dots."""

_ALSO: Final[Mapping[str, tuple[str, ...]]] = {
    "KK": ("kartu keluarga", "kk", "kk baru", "perubahan kk", "cetak kk"),
    "KTP_EL_PRINT": ("cetak ktp", "cetak ktp-el", "pencetakan ktp", "ktp-el", "ktp", "e-ktp"),
    "KTP_EL_FIRST": ("perekaman ktp-el", "rekam ktp-el", "ktp-el baru", "ktp-el", "ktp", "e-ktp"),
    "KIA": ("kartu identitas anak", "kia", "cetak kia", "pencetakan kia"),
    "BIRTH_CERT": ("akta kelahiran", "akte kelahiran", "akta lahir", "akte lahir"),
    "DEATH_CERT": ("akta kematian", "akte kematian"),
    "IKD": ("identitas kependudukan digital", "ikd", "aktivasi ikd", "ktp digital"),
    "MOVE_OUT_LETTER": ("skpwni", "surat pindah", "surat keterangan pindah"),
}
"""What services are called beside their own names, by their codes; one name may lead to several."""


def district_key(name: str) -> str:
    """Return what two ways of writing a name have in common: Karangbahagia, Kec. Karang Bahagia."""
    return _NO_LETTER.sub("", _CALLED.sub("", name.strip().lower()))


def read_district(cell: Cell, districts: Districts) -> str:
    """Return a code as it is written, or that of a name. Raises Refused.

    `district_missing`, `district_unknown`, `district_ambiguous`. Whether there is such a code is
    the register's to say. A code of BPS has seven digits and is none here.
    """
    if cell.empty:
        raise Refused("district_missing", "district: a name or a code is needed")
    if cell.kind not in (Kind.TEXT, Kind.NUMBER):
        raise _no_district()
    if _CODE.fullmatch(cell.text):
        digits = cell.text.replace(".", "")
        return ".".join(digits[start:end] for start, end in _PARTS if digits[start:end])
    found = districts.get(district_key(cell.text), ())
    if not found:
        raise _no_district()
    if len(found) > 1:
        raise Refused("district_ambiguous", "district: several have this name; write the code")
    return found[0]


def read_document(cell: Cell, programme: Programme) -> str:
    """Return the service of a document's name. Raises Refused.

    `document_missing`, `document_unknown`, `document_ambiguous`.
    """
    if cell.empty:
        raise Refused("document_missing", "document: its name is needed")
    wanted = _key(cell.text)
    own = [one.code for one in programme.services if wanted in (_key(one.code), _key(one.name))]
    also = [one.code for one in programme.services if wanted in map(_key, _ALSO.get(one.code, ()))]
    found = own or also
    if not found or cell.kind is not Kind.TEXT:
        raise Refused("document_unknown", "document: the programme has no service of this name")
    if len(found) > 1:
        raise Refused("document_ambiguous", "document: several services have this name")
    return found[0]


def _key(name: str) -> str:
    return _NO_LETTER.sub("", name.lower())


def _no_district() -> Refused:
    return Refused("district_unknown", "district: the programme's region has none of this name")
