"""`datagen fonts list|check|preview`: families, styles, licences, specimens and their page."""

import io
import os
import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fontTools.ttLib import TTFont
from PIL import Image
from typer.testing import CliRunner

from datagen import characters, console
from datagen.cli import app
from datagen.errors import InputError, UsageError
from datagen.font_families import list_fonts, system_fonts
from datagen.font_files import catalog
from datagen.font_names import stated
from datagen.font_styles import HANDWRITING
from datagen.lock import hold
from datagen.specimen import preview
from datagen.specimen_glyphs import GOOD, HEIGHT, NONE, SCALE, SOME, WIDTH, strip
from datagen.specimen_png import ink_png, sheets

TABLE = characters.load()
LABEL = {c.char: c.label for c in TABLE}


def font_file(slug, name):
    family = next(family for family in catalog() if family.slug == slug)
    if family.folder is None:
        pytest.skip(f"{family.package} is not installed")
    return family.folder / name


def without(source, out, text):
    """A copy of a font that lacks some characters."""
    with TTFont(source) as font:
        for table in font["cmap"].tables:
            for char in text:
                table.cmap.pop(ord(char), None)
        font.save(out)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two faces of a family, one of them without A and both without B; a file that is no font."""
    folder = tmp_path_factory.mktemp("fonts")
    without(font_file("abeezee", "ABeeZee-Regular.ttf"), folder / "Regular.ttf", "B")
    without(font_file("abeezee", "ABeeZee-Italic.ttf"), folder / "Italic.ttf", "AB")
    (folder / "page.ttf").write_text("<!DOCTYPE html><html><body>Not found</body></html>")
    return folder


@pytest.fixture(scope="module")
def family(folder):
    return list_fonts([folder], installed=False).families[0]


@pytest.fixture(scope="module")
def shown(folder, tmp_path_factory):
    """A page of the handwriting fonts, and one of `folder`."""
    out = tmp_path_factory.mktemp("specimen")
    preview([], out / "hand", styles=HANDWRITING)
    return preview([folder], out / "own", installed=False), out


def run(*arguments):
    done = CliRunner().invoke(app, ["fonts", *map(str, arguments)])
    console.show(False)
    return done


def test_a_family_of_the_users_tells_its_faces_and_its_own_licence(folder, family, tmp_path):
    found = list_fonts([folder], tmp_path / "list.csv", installed=False)
    assert [each.family for each in found.families] == ["ABeeZee"]
    assert family.license == "stated: OFL-1.1"
    assert "ABeeZee Project Authors" in family.copyright
    assert family.usable == len(TABLE) - 1
    assert {code: dict(why) for code, why in family.rejected.items()} == {
        "U+0041": {"not in the font": 1},
        "U+0042": {"not in the font": 2},
    }
    row = pd.read_csv(tmp_path / "list.csv", dtype=str, keep_default_na=False).iloc[0]
    assert (row["faces"], row["usable"], row["rejected"]) == ("2", "88", "U+0041 U+0042")
    assert [font.reason for font in found.rejected] == ["it is an HTML page, not a font"]


def test_styles_of_the_catalogue_choose_families():
    found = list_fonts(styles=["handwriting", "script"])
    styles = {each.style for each in found.families}
    assert styles == {"handwriting", "script"}
    expected = {f.family for f in catalog() if f.style in styles and f.folder}
    assert {each.family for each in found.families} == expected
    assert all(each.package and each.copyright for each in found.families)


def test_wrong_styles_and_empty_places_are_said(tmp_path):
    with pytest.raises(UsageError, match=r"style 'serf' is none of .*; did you mean 'serif'"):
        list_fonts(styles=["serf"])
    with pytest.raises(InputError, match="no font file in"):
        list_fonts([tmp_path], installed=False)
    with pytest.raises(InputError, match=r"no script font in .*only families of the catalogue"):
        list_fonts([tmp_path], installed=False, styles=["script"])
    (tmp_path / "a.ttf").write_bytes(b"nothing")
    with pytest.raises(InputError, match="none of 1 font files can be used"):
        list_fonts([tmp_path], installed=False)


def test_fonts_of_the_system_are_found_by_their_own_names():
    if not system_fonts():
        pytest.skip("this system has no fonts")
    found = list_fonts(installed=False, system=True)
    assert {Path(f.path) for each in found.families for f in each.faces} <= set(system_fonts())
    assert all(each.style == "unknown" for each in found.families)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("This Font Software is licensed under the SIL Open Font License, Version 1.1.", "OFL-1.1"),
        ("Licensed under the Apache License, Version 2.0", "Apache-2.0"),
        ("Ask " + "my lawyer " * 20, "Ask " + ("my lawyer " * 20)[:56] + "…"),
        ("", ""),
    ],
)
def test_a_licence_is_what_the_file_says(tmp_path, said, expected):
    with TTFont(font_file("abeezee", "ABeeZee-Regular.ttf")) as font:
        for number in (13, 14):
            font["name"].removeNames(nameID=number)
        if said:
            font["name"].setName(said, 13, 3, 1, 0x409)
        font.save(tmp_path / "a.ttf")
    assert stated(str(tmp_path / "a.ttf"), 0).license == expected


def test_a_strip_shows_what_the_plainest_face_draws(family):
    drawn = strip(family, TABLE)
    assert Path(drawn.family.faces[0].path).name == "Regular.ttf"
    assert drawn.pixels.shape == (HEIGHT * SCALE, len(TABLE) * WIDTH * SCALE)
    cells = np.split(drawn.pixels, len(TABLE), axis=1)
    blank = [TABLE[n].char for n, cell in enumerate(cells) if not cell.any()]
    assert blank == ["B"]
    verdicts = {"A": SOME, "B": NONE}
    assert drawn.verdicts.tolist() == [verdicts.get(c.char, GOOD) for c in TABLE]
    for cell in cells:  # nothing is cut off at the edge of its cell
        assert not cell[[0, -1]].any()
        assert not cell[:, [0, -1]].any()


def test_the_largest_and_the_widest_glyphs_stay_in_their_cells():
    found = list_fonts(styles=["script", "display"])
    for each in found.families:
        drawn = strip(each, TABLE)
        for n in range(len(TABLE)):
            cell = drawn.pixels[:, n * WIDTH * SCALE : (n + 1) * WIDTH * SCALE]
            assert cell.any() or drawn.verdicts[n], (each.family, TABLE[n])
            assert not cell[:, [0, -1]].any(), (each.family, TABLE[n])


def test_a_picture_of_a_strip_keeps_its_ink(family):
    drawn = strip(family, TABLE)
    shown = np.asarray(Image.open(io.BytesIO(ink_png(drawn.pixels))).convert("L")).astype(int)
    assert np.abs(255 - shown - drawn.pixels).max() <= 9


def test_sheets_mark_rejected_characters_and_nothing_else(family):
    drawn = strip(family, TABLE)
    (sheet,) = sheets([drawn], TABLE)
    pixels = np.asarray(Image.open(io.BytesIO(sheet)).convert("RGB")).astype(int)
    coloured = np.ptp(pixels, axis=2) > 0
    first = np.flatnonzero(coloured.any(axis=0))
    left = pixels.shape[1] - len(TABLE) * WIDTH
    assert set((first - left) // WIDTH) == {LABEL["A"], LABEL["B"]}
    red = (pixels == (205, 0, 0)).all(axis=2)
    assert set((np.flatnonzero(red.any(axis=0)) - left) // WIDTH) == {LABEL["B"]}


def test_many_families_and_many_classes_take_more_room(family, monkeypatch):
    drawn = strip(family, TABLE)
    monkeypatch.setattr("datagen.specimen_png.ROWS", 2)
    assert len(list(sheets([drawn] * 5, TABLE))) == 3
    monkeypatch.setattr("datagen.specimen_png.ACROSS", 30)
    (sheet,) = sheets([drawn], TABLE)
    width, height = Image.open(io.BytesIO(sheet)).size
    assert width < 31 * WIDTH + 260
    assert height > 3 * HEIGHT


def test_the_page_loads_nothing_and_says_what_is_rejected_and_why(shown):
    page = shown[0].page.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=|url\((?!data:)|@import""", page)
    assert "<b>B</b> U+0042 not in the font</p>" in page
    assert "<b>A</b> U+0041 not in the font (1 of 2 faces)" in page
    assert "page.ttf: it is an HTML page, not a font" in page
    assert page.count('<i class="r">') == 1
    assert page.count('<i class="s">') == 1


def test_hostile_names_stay_text(folder, tmp_path):
    name = "</style><script>alert(1)</script>\"'"
    with TTFont(folder / "Regular.ttf") as font:
        for record in font["name"].names:
            record.string = name
        font.save(tmp_path / "a.ttf")
    done = preview([tmp_path], tmp_path / "out", installed=False)
    assert "<script>alert" not in done.page.read_text(encoding="utf-8")


def test_the_same_fonts_give_the_same_files(folder, shown, tmp_path):
    again = preview([folder], tmp_path, installed=False)
    assert again.page.read_bytes() == shown[0].page.read_bytes()
    assert again.pictures[0].read_bytes() == shown[0].pictures[0].read_bytes()


def test_a_file_in_place_of_the_folder(folder, tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        preview([folder], tmp_path / "out", installed=False)
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("before", [[], ["check"]])
def test_check_is_what_fonts_does_without_a_command(folder, tmp_path, before):
    done = run(*before, folder, "--no-installed", "--out", tmp_path / "f.csv")
    assert done.exit_code == 0, done.output
    assert "Fonts audited" in done.output
    table = pd.read_csv(tmp_path / "f.csv", dtype=str, keep_default_na=False)
    assert set(table[(table["usable"] == "0") & (table["codepoint"] != "")]["codepoint"]) == {
        "U+0041",
        "U+0042",
    }


def test_list_prints_a_line_a_family(folder):
    done = run("list", folder, "--no-installed")
    assert done.exit_code == 0, done.output
    assert re.search(r"^ABeeZee +unknown +stated: OFL-1\.1 +2 +88 of 89$", done.output, re.M)
    done = run("list", "--handwriting")
    assert {line.split()[-6] for line in done.output.splitlines()[1:-1]} == {
        "handwriting",
        "script",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["preveiw"], "did you mean 'preview'"),
        (["nowhere"], "no such folder"),
        (["list", "--style", "serf"], "did you mean 'serif'"),
    ],
)
def test_wrong_arguments_end_in_a_sentence(arguments, said):
    done = run(*arguments)
    assert done.exit_code in (1, 2)
    assert said in " ".join(done.output.split())


@pytest.fixture
def browser(chromium):
    with tempfile.TemporaryDirectory() as profile, chromium(profile, "1280,900") as driver:
        yield driver
        problems = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert problems == []


def test_the_page_filters_and_fits_a_phone(shown, browser):
    browser.get((shown[1] / "hand" / "specimen.html").as_uri())
    families = len(list_fonts(styles=HANDWRITING).families)

    def visible():
        return browser.execute_script(
            "return [...document.querySelectorAll('section')].filter(s => !s.hidden)"
            ".map(s => s.querySelector('h2').textContent)"
        )

    assert len(visible()) == families
    browser.find_element("name", "q").send_keys("caveat")
    assert visible() == ["Caveat"]
    browser.find_element("name", "q").clear()
    browser.find_element("name", "bad").click()
    assert visible() == ["Permanent Marker"]
    browser.find_element("name", "q").send_keys("nothing")
    assert browser.find_element("id", "none").is_displayed()
    for width in (1280, 390):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 800, "deviceScaleFactor": 2, "mobile": width < 500},
        )
        browser.get((shown[1] / "hand" / "specimen.html").as_uri())
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_two_at_once_into_one_folder(folder, tmp_path):
    held = hold(tmp_path / "out", None)
    with held, pytest.raises(InputError, match=f"process {os.getpid()} on .* works in it"):
        preview([folder], tmp_path / "out", installed=False, workers=1)
    assert not (tmp_path / "out").exists()
