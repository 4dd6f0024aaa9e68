"""Whether a text holds a person's name and numbers, however a document writes them.

Signs that look alike or are not seen are brought to one, then a name is searched for letter by
letter: what may lie between two letters (blanks, ends of lines, hyphens, apostrophes, dots) does
not count, every letter does. It must stand there as a whole: neither within a longer word nor
beside one more word of a name. Titles count on neither side.
"""

import re
import unicodedata
from typing import Final

_APOSTROPHES: Final = "'\u2018\u2019\u201b\u02bc\u02b9\u02bb\u0060\u00b4\u2032\uff07"
_HYPHENS: Final = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"
_UNSEEN: Final = "\u00ad\u200b\u200c\u200d\u2060\ufeff\ufffe\x02\x00"
"""Soft hyphens and joiners; readers of PDF put U+FFFE or U+0002 for a hyphen at a line's end."""
_ALIKE: Final = str.maketrans(
    {**dict.fromkeys(_APOSTROPHES, "'"), **dict.fromkeys(_HYPHENS, "-")}
    | dict.fromkeys(_UNSEEN, "")
)
_ENDS: Final = re.compile(r"\s*[\n\r\f\v\u2028\u2029]\s*")
_BLANKS: Final = re.compile(r"[^\S\n]+")

_LETTER: Final = r"[^\W\d_]"
_BETWEEN_LETTERS: Final = r"[\s'.\-]{0,4}"
_BETWEEN_DIGITS: Final = r"[\s.\-]{0,3}"
_WORD: Final = rf"{_LETTER}(?:{_LETTER}|['.\-])*"
_BEFORE: Final = re.compile(rf"({_WORD}) ?$")
_AFTER: Final = re.compile(rf" ?[.'\-]* ?({_WORD})")
_DEGREE_MARK: Final = re.compile(r"[,.]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES: Final = _words(
    "h hj hjh ir dr drs dra drg drh prof kh sdr sdri tn ny nn almarhum almarhumah alm almh"
)
"""Before a name, their dots taken away."""
_DEGREES: Final = _words(
    "ag ak ap ars ds e ei farm fil gz h hi hum hut i ikom ip keb ked kep kes km kn kom m mba md me"
    " mh mm msc mt ns p pd pdi ph phd pi psi pt s se sh si sn sos sp st stat sy t th tr"
)
"""Parts of what stands behind a name, as in S.Pd.I., M.Kes. and A.Md.Keb."""
_LABELS: Final = _words(
    "nama lengkap name kepala keluarga nik jenis kelamin laki-laki laki perempuan tempat"
    " tanggal lahir agama alamat pekerjaan pendidikan status hubungan kewarganegaraan telah bernama"
    " kepada dengan yang dari adalah bahwa atas untuk dan anak istri suami ayah ibu"
)
"""Words of forms that stand beside a name and are none, where all is in capitals."""


def plain(text: str) -> str:
    """Return a text with one sign for all that look alike; lines stay lines."""
    alike = unicodedata.normalize("NFKC", text.translate(_ALIKE)).translate(_ALIKE)
    return _BLANKS.sub(" ", _ENDS.sub("\n", alike))


def holds_number(text: str, number: str) -> bool:
    """Return whether a plain text holds a number of these digits, and not within a longer one."""
    digits = _BETWEEN_DIGITS.join(number)
    return re.search(rf"(?<![0-9]){digits}(?![0-9])", text) is not None


def holds_name(text: str, name: str) -> bool:
    """Return whether a plain text holds this name, whole and alone."""
    letters = re.findall(r"[^\W_]", without_titles(plain(name)))
    spelled = _BETWEEN_LETTERS.join(map(re.escape, letters))
    found = re.compile(rf"(?<![^\W_]){spelled}(?![^\W_])", re.IGNORECASE)
    return bool(letters) and any(_alone(text, one) for one in found.finditer(text))


def without_titles(name: str) -> str:
    """Return a plain name without titles before it and degrees behind it.

    One word always stays.
    """
    words = name.replace(",", " , ").split()
    while len(words) > 1 and _bare(words[0]) in _TITLES:
        del words[0]
    while len(words) > 1 and (words[-1] == "," or _is_degree(words[-1], behind="," in words)):
        del words[-1]
    return " ".join(words)


def _is_degree(word: str, *, behind: bool) -> bool:
    """Whether a word is one: all its parts are, and it has a dot or stands behind a comma."""
    if not behind and "." not in word.rstrip("."):
        return False
    parts = [part for part in word.casefold().split(".") if part]
    return bool(parts) and all(
        part in _DEGREES or (len(part) > 1 and part[1:] in _DEGREES) or len(part) == 1
        for part in parts
    )


def _alone(text: str, found: re.Match[str]) -> bool:
    """Whether no further word of a name stands beside it on its line."""
    line_start = text.rfind("\n", 0, found.start()) + 1
    line_end = text.find("\n", found.end())
    before = text[max(line_start, found.start() - 80) : found.start()]
    after = text[found.end() : line_end if line_end >= 0 else len(text)][:80]
    beside = (_BEFORE.search(before), _AFTER.match(after))
    return not any(one is not None and _goes_on(one[1], found[0]) for one in beside)


def _goes_on(word: str, name: str) -> bool:
    """Whether a word beside a name is part of it: written alike, and neither title nor label."""
    bare = _bare(word)
    if bare in _TITLES or bare in _LABELS or _is_degree(word, behind=False):
        return False
    return word.isupper() if name.isupper() else word[:1].isupper()


def _bare(word: str) -> str:
    return _DEGREE_MARK.sub("", word).casefold()
