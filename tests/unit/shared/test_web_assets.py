import gzip
import re
from pathlib import Path

import pytest

from shared.web.assets import FRAME_FILES, MAX_ASSET, Assets
from tests.unit.shared.web_kit import Kit

URL = re.compile(r"/static/[0-9a-f]{16}/[a-z.]+")


def test_the_address_names_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a.css"
    path.write_text("a{}")
    first = Assets([tmp_path]).url("a.css")
    assert Assets([tmp_path]).url("a.css") == first
    path.write_text("b{}")
    assert Assets([tmp_path]).url("a.css") != first
    assert URL.fullmatch(first)
    with pytest.raises(KeyError):
        Assets().url("none.css")


def test_a_service_may_hide_a_file_of_the_frame(tmp_path: Path) -> None:
    (tmp_path / "jemput.css").write_text("a{}")
    assert Assets([tmp_path]).url("jemput.css") != Assets().url("jemput.css")


def test_a_file_that_is_too_large_to_keep_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x" * (MAX_ASSET + 1))
    with pytest.raises(ValueError, match=r"a\.png: larger than"):
        Assets([tmp_path])


async def test_a_file_is_served_for_ever_under_its_address() -> None:
    kit = Kit()
    assert kit.pages is not None
    async with kit.client as http:
        answer = await http.get(
            kit.pages.assets.url("jemput.css"), headers={"Accept-Encoding": "identity"}
        )
        assert answer.status_code == 200
        assert answer.content == (FRAME_FILES / "jemput.css").read_bytes()
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith("text/css")
        assert "content-encoding" not in answer.headers
        script = await http.get(kit.pages.assets.url("live.js"))
        assert script.headers["content-type"].startswith("text/javascript")


async def test_a_phone_gets_it_packed() -> None:
    kit = Kit()
    assert kit.pages is not None
    async with (
        kit.client as http,
        http.stream(
            "GET", kit.pages.assets.url("jemput.css"), headers={"Accept-Encoding": "gzip, br"}
        ) as answer,
    ):
        packed = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    plain = (FRAME_FILES / "jemput.css").read_bytes()
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 2


async def test_an_old_address_gets_todays_file_and_is_not_kept() -> None:
    async with Kit().client as http:
        answer = await http.get("/static/0123456789abcdef/jemput.css")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        for path in ("/static/0/none.css", "/static/0/..%2Fapp.py", "/static/0/../app.py"):
            assert (await http.get(path)).status_code == 404


def test_the_frame_stays_small_and_fetches_nothing_from_elsewhere() -> None:
    sizes = {path.name: path.stat().st_size for path in FRAME_FILES.iterdir()}
    assert sizes["jemput.css"] < 20_000
    assert sizes["live.js"] < 3_000
    for path in FRAME_FILES.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|@font-face|url\(", text), path.name
