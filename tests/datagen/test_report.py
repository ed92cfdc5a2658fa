import re

import dirty
import numpy as np
import pytest
from PIL import Image

from datagen.curate import configure, curate
from datagen.errors import InputError
from datagen.report import report


def check_page(done):
    page = done.page.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:|#)|https?://|@import""", page)
    assert "width=device-width" in page
    assert page.count("data:image/png") == len(done.files)
    for file in done.files:
        Image.open(file).verify()
    return page


def test_a_dataset(built, tmp_path):
    done = report(built.folder, tmp_path / "report")
    page = check_page(done)
    names = {file.stem for file in done.files}
    assert {"classes", "ink", "contact-train", "contact-validation", "contact-test"} == names
    for words in (
        "emnist",
        "symbols",
        "fonts",
        "effective",
        "stroke",
        "families used",
        "left",
        "is labelled",
    ):
        assert words in page
    sheet = np.asarray(Image.open(tmp_path / "report/contact-train.png"))
    assert (sheet > 100).any()


def test_a_curation_shows_examples_of_each_reason(tmp_path):
    files = dirty.clean("AG", 10)
    files["train/U+0047/torn.png"] = files["train/U+0041/004.png"]
    files["train/U+0041/copy.png"] = files["train/U+0041/005.png"]
    path = dirty.write(tmp_path / "set.zip", files)
    made = curate({"set": path}, tmp_path / "out", configure(None, [], trains=False), workers=1)
    done = report(made.folder)
    page = check_page(done)
    names = {file.stem for file in done.files}
    assert {"found-two-labels", "found-duplicate", "contact-keep", "contact-drop"} <= names
    assert "the same picture is labelled" in page


def test_a_report_is_the_same_every_time(built, tmp_path):
    one, two = report(built.folder, tmp_path / "a"), report(built.folder, tmp_path / "b")
    assert one.page.read_bytes() == two.page.read_bytes()


def test_a_folder_of_something_else(tmp_path):
    with pytest.raises(InputError, match="no dataset"):
        report(tmp_path)
