"""Files that only look like fonts, and fonts that don't draw what they claim to."""

import shutil
import sys

import pytest
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

from datagen import characters, font_crew
from datagen.errors import InputError
from datagen.font_files import catalog
from datagen.fonts import fonts

TABLE = characters.load()


def source(slug, name):
    family = next(family for family in catalog() if family.slug == slug)
    if family.folder is None:
        pytest.skip(f"{family.package} is not installed")
    return family.folder / name


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("MATH_VISION_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def abel():
    return source("abel", "Abel-Regular.ttf")


def audited(folder, **options):
    return fonts([folder], installed=False, workers=1, **options)


def reason(folder):
    """The reason why the only file of a folder is rejected."""
    result = audited(folder)
    assert not result.faces
    return result.rejected[0].reason


def edited(path, out, edit):
    with TTFont(path) as font:
        edit(font)
        font.save(out)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n<!DOCTYPE html>\n<html><body>404</body></html>", "HTML page"),
        (b"<html><title>Sign in</title></html>", "HTML page"),
        (b"PK\x03\x04" + bytes(100), "ZIP"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS"),
        (b"<?xml version='1.0'?><svg/>", "XML"),
        (bytes(500), "not a font"),
        (b"\x00\x01\x00\x00", "broken font"),
        (b"ttcf\x00\x01\x00\x00\xff\xff\xff\xff", "broken collection"),
    ],
)
def test_lookalikes_are_called_what_they_are(tmp_path, content, words):
    (tmp_path / "font.ttf").write_bytes(content)
    assert words in reason(tmp_path)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_half_a_download_is_called_truncated(tmp_path, abel, share):
    data = abel.read_bytes()
    (tmp_path / "half.ttf").write_bytes(data[: int(len(data) * share)])
    assert "truncated" in reason(tmp_path)


@pytest.mark.parametrize("flavor", ["woff", "woff2"])
def test_web_fonts_draw_as_the_font_they_were(tmp_path, abel, flavor):
    edited(abel, tmp_path / f"abel.{flavor}", lambda font: setattr(font, "flavor", flavor))
    (face,) = audited(tmp_path).faces
    assert len(face.labels) == len(TABLE)
    data = (tmp_path / f"abel.{flavor}").read_bytes()
    (tmp_path / f"abel.{flavor}").write_bytes(data[:-500])
    assert "truncated" in reason(tmp_path)


def test_every_face_of_a_collection(tmp_path, abel):
    collection = TTCollection()
    collection.fonts = [TTFont(abel), TTFont(source("lato", "Lato-Regular.ttf"))]
    collection.save(tmp_path / "two.ttc")
    faces = audited(tmp_path).faces
    assert [(face.family, face.index) for face in faces] == [("Abel", 0), ("Lato", 1)]


def test_font_of_capitals_loses_its_small_letters(tmp_path):
    shutil.copy(source("bebas-neue", "BebasNeue-Regular.ttf"), tmp_path)
    (face,) = audited(tmp_path).faces
    usable = {TABLE[label].char for label in face.labels}
    assert not any(char.islower() for char in usable)
    assert {"A", "Z", "7", "@"} <= usable
    assert face.reasons["U+0061"] == "drawn as U+0041"


def test_small_capitals_are_no_small_letters(tmp_path):
    shutil.copy(source("cinzel", "Cinzel[wght].ttf"), tmp_path)
    (face,) = audited(tmp_path).faces
    assert face.reasons["U+0067"] == "drawn as U+0047"
    assert not any(codepoint < "U+0061" for codepoint in face.reasons)


def test_one_small_letter_drawn_as_its_capital(tmp_path, abel):
    def edit(font):
        for table in font["cmap"].tables:
            table.cmap |= {ord("c"): table.cmap[ord("C")], ord("e"): table.cmap[ord("E")]}

    edited(abel, tmp_path / "abel.ttf", edit)
    (face,) = audited(tmp_path).faces
    assert face.reasons == {"U+0063": "drawn as U+0043", "U+0065": "drawn as U+0045"}


def test_two_classes_with_one_picture_are_both_refused(tmp_path, abel):
    def edit(font):
        for table in font["cmap"].tables:
            table.cmap[ord("7")] = table.cmap[ord("@")]

    edited(abel, tmp_path / "abel.ttf", edit)
    (face,) = audited(tmp_path).faces
    assert face.reasons == {"U+0037": "looks like U+0040", "U+0040": "looks like U+0037"}


def test_glyphs_without_ink_missing_glyphs_and_their_sign(tmp_path, abel):
    def edit(font):
        names = font.getBestCmap()
        font["glyf"][names[ord("%")]] = TTGlyphPen(None).glyph()
        for name in (font.getGlyphOrder()[0], names[ord("&")]):
            font["glyf"][name] = font["glyf"][names[ord("X")]]
            font["hmtx"].metrics[name] = font["hmtx"].metrics[names[ord("X")]]
        for table in font["cmap"].tables:
            table.cmap.pop(ord("#"), None)

    edited(abel, tmp_path / "abel.ttf", edit)
    (face,) = audited(tmp_path).faces
    assert face.reasons == {
        "U+0023": "not in the font",
        "U+0025": "no ink",
        "U+0026": "drawn as the sign for a missing glyph",
        "U+0058": "drawn as the sign for a missing glyph",
    }


@pytest.mark.parametrize(("ems", "words"), [(5, "larger than 4 em"), (14, "larger than 4 em")])
def test_monstrous_outline_is_refused(tmp_path, abel, ems, words):
    def edit(font):
        em = font["head"].unitsPerEm
        pen = TTGlyphPen(None)
        pen.moveTo((0, 0))
        pen.lineTo((ems * em, 0))
        pen.lineTo((0, ems * em))
        pen.closePath()
        font["glyf"][font.getBestCmap()[ord("A")]] = pen.glyph()

    edited(abel, tmp_path / "abel.ttf", edit)
    (face,) = audited(tmp_path).faces
    assert list(face.reasons) == ["U+0041"]
    assert words in face.reasons["U+0041"]


def test_symbol_font_is_refused(tmp_path, abel):
    def edit(font):
        tables = [t for t in font["cmap"].tables if (t.platformID, t.platEncID) == (3, 1)]
        tables[0].platEncID = 0
        tables[0].cmap = {
            0xF000 + code: name for code, name in tables[0].cmap.items() if code < 256
        }
        font["cmap"].tables = tables[:1]

    edited(abel, tmp_path / "dingbats.ttf", edit)
    assert "symbol font" in reason(tmp_path)


def test_crash_costs_one_file_only(tmp_path, abel, monkeypatch):
    shutil.copy(abel, tmp_path / "a-good.ttf")
    shutil.copy(source("lato", "Lato-Regular.ttf"), tmp_path / "b-crash.ttf")
    shutil.copy(source("sanchez", "Sanchez-Regular.ttf"), tmp_path / "c-good.ttf")
    fake = """
import os
from datagen import font_audit
real = font_audit.audit_file
font_audit.audit_file = lambda path, *a: os._exit(139) if "crash" in path.name else real(path, *a)
font_audit.work()
"""
    monkeypatch.setattr(font_crew, "COMMAND", [sys.executable, "-P", "-c", fake])
    result = audited(tmp_path)
    assert [face.family for face in result.faces] == ["Abel", "Sanchez"]
    (crash,) = result.rejected
    assert crash.path.endswith("b-crash.ttf")
    assert crash.reason == "it crashes the rasteriser"


def test_hang_costs_one_file_only(tmp_path, abel, monkeypatch):
    shutil.copy(abel, tmp_path / "hang.ttf")
    fake = "import time\nfrom datagen import font_audit\n"
    fake += "font_audit.audit_file = lambda *a: time.sleep(60)\nfont_audit.work()"
    monkeypatch.setattr(font_crew, "COMMAND", [sys.executable, "-P", "-c", fake])
    monkeypatch.setattr(font_crew, "PATIENCE", 0.2)
    assert "takes more than 0.2 s" in reason(tmp_path)


def test_worker_that_never_starts_is_our_defect_not_the_fonts(tmp_path, abel, monkeypatch):
    shutil.copy(abel, tmp_path)
    monkeypatch.setattr(font_crew, "COMMAND", [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(RuntimeError, match="ended with code"):
        audited(tmp_path)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        audited(tmp_path / "nowhere")


def test_folder_without_fonts_says_so(tmp_path):
    (tmp_path / "readme.txt").write_text("none")
    with pytest.raises(InputError, match="no font file"):
        audited(tmp_path)
