import re
from pathlib import Path

import pytest

from shared.web import pages
from shared.web.texts import Texts

USED = re.compile(r"""\bt\(["']([a-z_]+\.[a-z_0-9.]+)["']""")


def test_a_later_catalogue_changes_words_and_leaves_the_rest(tmp_path: Path) -> None:
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text('[home]\ntitle = "Angka"\n[home.sub]\nnote = "catatan"\n')
    second.write_text('[home]\ntitle = "Angka hari ini"\n[frame]\nskip = "Lewati"\n')
    texts = Texts.load(first, second)
    assert texts("home.title") == "Angka hari ini"
    assert texts("home.sub.note") == "catatan"
    assert texts("frame.skip") == "Lewati"
    assert texts("frame.menu") == "Menu utama"
    assert "home.title" in texts
    assert "home.none" not in texts


def test_the_frame_speaks_plain_indonesian() -> None:
    texts = Texts.load()
    assert texts("frame.skip") == "Langsung ke isi"
    assert texts("frame.signed_in", subject="agus") == "Masuk sebagai agus"


def test_a_text_that_is_not_there_or_lacks_a_value_is_a_mistake() -> None:
    texts = Texts({"a": "Halo {name}"})
    with pytest.raises(KeyError):
        texts("b")
    with pytest.raises(KeyError):
        texts("a")


def test_what_is_not_text_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text("[home]\ncount = 3\n")
    with pytest.raises(TypeError, match=r"home\.count"):
        Texts.load(path)


def test_every_text_that_a_template_of_the_frame_uses_exists() -> None:
    texts = Texts.load()
    used = {
        key
        for path in pages.FRAME_TEMPLATES.glob("*.html")
        for key in USED.findall(path.read_text(encoding="utf-8"))
    }
    assert len(used) > 10
    assert [key for key in used if key not in texts] == []
