import base64
import os
import re
import shutil
from pathlib import Path

import dirty
import numpy as np
import pytest
import test_review
from PIL import Image

from datagen.build import build
from datagen.curate import configure, curate
from datagen.errors import InputError
from datagen.font_files import find_fonts
from datagen.frame import frame
from datagen.lock import hold
from datagen.report import report
from datagen.report_reasons import LeftOut, choose, gather, kind_of

browser = test_review.browser


def check_page(done):
    page = done.page.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:|#)|https?://|@import""", page)
    assert not re.search(r"url\((?!data:)", page)
    assert "width=device-width" in page
    assert page.count("data:image/png") == len(done.files)
    for file in done.files:
        Image.open(file).verify()
        assert base64.b64encode(file.read_bytes()).decode() in page
    return page


def sheet_cell(path, size, times):
    """The first picture of a sheet of examples, as large as it was."""
    sheet = np.asarray(Image.open(path).convert("L"))
    return sheet[: size * times : times, : size * times : times].astype(int)


def left_out(done):
    return {file.stem for file in done.files if file.stem.startswith("left-out")}


@pytest.fixture(scope="module")
def reported(built, tmp_path_factory):
    return report(built.folder, tmp_path_factory.mktemp("report"))


def test_a_dataset(reported):
    page = check_page(reported)
    names = {file.stem for file in reported.files}
    contacts = {"contact-train", "contact-validation", "contact-test"}
    assert {"classes", "ink", "strokes", *contacts} <= names
    for words in (
        "emnist",
        "symbols",
        "most ÷ fewest",
        "effective",
        "stroke ÷ fonts",
        "families used",
        "of no class",
        "real pictures. Right, or second: drawn",
        f"one file of {reported.page.stat().st_size / 1e6:.1f} MB",
    ):
        assert words in page
    assert not reported.notes


def test_a_contact_sheet_holds_the_pictures_of_the_shards(built, reported):
    sheet = np.asarray(Image.open(reported.page.parent / "contact-train.png").convert("L"))
    assert (sheet > 100).any(axis=0).mean() > 0.3


def test_every_reason_has_its_pictures(reported):
    page = check_page(reported)
    for kind in (
        "the same picture has two labels",
        "the same picture as another after framing",
        "no ink: the picture is blank",
        "folder &#x27;34&#x27; is none of the 89 classes",
        "the picture is cut off (its PNG has no end)",
    ):
        assert kind in page
    assert {
        "left-out-curate-the-same-picture-has-two",
        "left-out-curate-the-same-picture-as-another",
        "left-out-frame-no-ink-the-picture-is",
        "left-out-fonts-drawn-as-another-character",
    } <= left_out(reported)
    # What can't be opened has no picture, and the page says so.
    assert not any("cut-off" in name for name in left_out(reported))
    assert re.search(r"No picture can be shown\. The first: [^<]*broken\.png", page)


def test_a_picture_that_was_left_out_is_read_again(reported, picture_of):
    shown = sheet_cell(reported.page.parent / "left-out-curate-the-same-picture-has-two.png", 28, 2)
    framed = frame(picture_of("#", 20), 28).astype(int)
    assert np.abs(shown - framed).max() <= 255 / 15 / 2 + 1  # 16 levels


def test_a_blank_picture_is_shown_as_it_is(reported):
    shown = sheet_cell(reported.page.parent / "left-out-frame-no-ink-the-picture-is.png", 28, 2)
    assert (shown == 255).all()


def test_a_copy_stands_beside_what_it_repeats(reported):
    path = reported.page.parent / "left-out-curate-the-same-picture-as-another.png"
    sheet = np.asarray(Image.open(path).convert("L"))[:56]
    assert sheet[:, :56].max() == 255
    np.testing.assert_array_equal(sheet[:, :56], sheet[:, 56:112])


def test_a_source_that_is_gone(built, reported, tmp_path):
    done = report(built.folder, tmp_path / "out", sources={"symbols": tmp_path / "gone.zip"})
    page = check_page(done)
    assert "--source symbols=PATH" in page
    assert any("gone.zip: no such file" in note for note in done.notes)
    assert "left-out-curate-the-same-picture-has-two" not in left_out(done)
    assert "left-out-fonts-drawn-as-another-character" in left_out(done)
    assert "the same picture has two labels" in page


def test_a_source_that_moved(built, sources, reported, tmp_path):
    moved = Path(shutil.copy(sources["symbols"], tmp_path / "moved.zip"))
    done = report(built.folder, tmp_path / "out", sources={"symbols": moved})
    assert done.page.read_bytes() == reported.page.read_bytes()


def test_a_source_that_changed(built, tmp_path):
    other = dirty.write(tmp_path / "other.zip", dirty.clean("#", 3))
    done = report(built.folder, tmp_path / "out", sources={"symbols": other})
    assert any("symbols has changed" in note for note in done.notes)


def test_a_report_is_the_same_every_time(built, reported, tmp_path):
    again = report(built.folder, tmp_path / "again")
    assert reported.page.read_bytes() == again.page.read_bytes()


def test_fonts_that_were_rejected(recipe, tmp_path):
    usable = next(file.path for file in find_fonts().files if file.path.suffix == ".ttf")
    folder = tmp_path / "fonts"
    folder.mkdir()
    shutil.copy(usable, folder / "copy.ttf")
    (folder / "cut.ttf").write_bytes(usable.read_bytes()[:9000])
    text = recipe.read_text().replace('"fonts"', f'"fonts"\nfolders = ["{folder}"]', 1)
    text = text.replace("per_class = 6", "per_class = 1")
    (tmp_path / "own.toml").write_text(text)
    made = build(tmp_path / "own.toml", tmp_path / "own", workers=1)
    done = report(made.folder)
    page = check_page(done)
    assert "2 rejected" in page
    assert "same outlines as another font" in page
    assert "cut.ttf" in page
    assert "Left, or first: real" not in page  # nothing is real here


@pytest.fixture(scope="module")
def curated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("curated")
    files = dirty.clean("AG", 10)
    files["train/U+0047/torn.png"] = files["train/U+0041/004.png"]
    files["train/U+0041/copy.png"] = files["train/U+0041/005.png"]
    files["train/nonsense/1.png"] = files["train/U+0041/006.png"]
    path = dirty.write(folder / "set.zip", files)
    config = configure(None, [], trains=False)
    return curate({"set": path}, folder / "out", config, workers=1), path


def test_a_curation_shows_examples_of_each_reason(curated):
    made, _ = curated
    done = report(made.folder)
    page = check_page(done)
    names = {file.stem for file in done.files}
    assert {"found-two-labels", "found-duplicate", "contact-keep", "contact-drop"} <= names
    assert "the same picture has two labels → drop" in page
    assert "found-no-class" not in names
    assert any("--source set=PATH" in note for note in done.notes)


def test_a_curation_reads_what_it_could_not_frame_from_its_source(curated, tmp_path):
    made, path = curated
    done = report(made.folder, tmp_path, sources={"set": path})
    assert not done.notes
    shown = sheet_cell(tmp_path / "found-no-class.png", 32, 2)
    framed = frame(dirty.symbol("A", 6), 32).astype(int)
    assert np.abs(shown - framed).max() <= 255 / 15 / 2 + 1


def test_a_curation_of_nothing_usable(tmp_path):
    path = dirty.write(tmp_path / "set.zip", {"train/U+0041/torn.png": b"\x89PNG\r\n\x1a\n"})
    made = curate({"set": path}, tmp_path / "out", configure(None, [], trains=False), workers=1)
    page = check_page(report(made.folder))
    assert "unreadable" in page


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(InputError, match="no dataset"):
        report(tmp_path)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("the same picture as a, which is/b 1.png after framing", None),
        ("nearly the same picture as a/b.png (distance 0.049, 17% of what is usual)", None),
        ("the same picture is labelled U+0041 and U+0042", "the same picture has two labels"),
        ("drawn as U+0041", "drawn as another character"),
        ("drawn as the sign for a missing glyph", "drawn as the sign for a missing glyph"),
        ("looks like several symbols in one picture (83.1%)", None),
        ("folder '126' is none of the 89 classes", "folder '…' is none of the … classes"),
        ("no ink: the picture is blank (contrast 3 of 255)", "no ink: the picture is blank"),
        ("it is of U+004F", "it is of a character"),
    ],
)
def test_a_kind_of_reason_has_nothing_of_one_picture(reason, kind):
    general = kind_of(reason)
    assert kind in (None, general)
    assert not re.search(r"\d|U\+|\.png", general)
    assert kind_of(general) == general


def test_a_reason_that_begins_with_the_file_s_name():
    ones = [LeftOut("s", "U+0041", f"{n}.png", f"{n}.png: not a picture") for n in "ab"]
    (reason,) = gather(("index", "", one) for one in ones)
    assert reason.kind == "not a picture"
    assert reason.count == 2


def test_examples_are_of_all_sources_and_classes_before_any_is_shown_twice():
    ones = [LeftOut(s, c, f"{n}", "") for s in "pq" for c in "AB" for n in range(9)]
    chosen = choose(ones, 4)
    assert {(one.source, one.codepoint) for one in chosen} == {(s, c) for s in "pq" for c in "AB"}


def test_the_worst_examples_come_first():
    ones = [LeftOut("s", "A", f"{n}", "", n / 10) for n in range(9)]
    assert [one.score for one in choose(ones, 3)] == [0.8, 0.7, 0.6]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_the_page_fits_the_screen(reported, browser, width, dark):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600},
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    browser.get(reported.page.as_uri())
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    assert browser.execute_script(
        "return [...document.images].every(i => i.complete && i.naturalWidth > 0)"
    )
    # Every picture is whole: none is cut in its middle, none hangs out of the page.
    cut = browser.execute_script(
        "return [...document.querySelectorAll('.row i.p')].filter("
        "i => i.getBoundingClientRect().right > innerWidth || i.offsetWidth < 28).length"
    )
    assert cut == 0
    small = browser.execute_script(
        "return [...document.querySelectorAll('body *')].filter("
        "e => e.innerText && parseFloat(getComputedStyle(e).fontSize) < 11).length"
    )
    assert small == 0


def test_two_at_once_into_one_folder(built, tmp_path):
    held = hold(tmp_path / "sheets", None)
    with held, pytest.raises(InputError, match=f"process {os.getpid()} on .* works in it"):
        report(built.folder, tmp_path / "sheets")
    assert not (tmp_path / "sheets").exists()
