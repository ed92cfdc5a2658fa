"""Bytes that mean harm: each is refused with one sentence, and none takes all the memory."""

import io
import json
import sys
import tomllib
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datagen import characters, decisions, forms, pictures, recipe, recipe_toml, tables
from datagen.errors import InputError, UsageError
from datagen.frame import frame
from datagen.sources import open_source
from datagen.sources.emnist import Emnist

sys.path.append(str(Path(__file__).with_name("sources")))
from written import everything, idx_files, write, write_zip

TABLE = characters.load()
HEAD = "id,codepoint,label,split,source,group,origin,seed,sha256\n"
ROW = f"0123456789abcdef,{TABLE[1].codepoint},1,train,a,g,o,,{'a' * 64}\n"
SOURCE = '\n[sources.a]\npath = "x"\n'


@pytest.fixture
def png():
    data = io.BytesIO()
    Image.new("L", (5, 4), 200).save(data, "PNG")
    return data.getvalue()


@pytest.fixture
def peak():
    """Tells the most memory in use since the test began, in bytes."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def toml(tmp_path, text):
    path = tmp_path / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = " + "[" * 20_000 + "]" * 20_000, "can't be read"),
        ("seed = " + "9" * 5000 + SOURCE, "can't be read"),
        ("seed = 0x" + "f" * 20_000 + SOURCE, "seed"),
        ("x" + ".x" * 2000 + " = 1" + SOURCE, "x is not a key"),
        ("[train]\nper_class = " + "9" * 30 + SOURCE, "train.per_class"),
        (SOURCE + "weight = inf", "sources.a.weight"),
        (SOURCE + "options = {part = 2020-01-01T00:00:00Z}", "part must be text, a number"),
        (SOURCE + "options.part" + ".x" * 3000 + " = 1", "part must be text, a number"),
        ('name = "../outside"' + SOURCE, "name"),
        ('[sources."../outside"]\npath = "x"', "sources"),
    ],
    ids=["deep", "digits", "hex", "dots", "count", "inf", "date", "tables", "name", "source"],
)
def test_a_recipe_that_means_harm_is_refused(tmp_path, text, problem):
    with pytest.raises(UsageError, match=problem) as caught:
        recipe.load(toml(tmp_path, text))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("kind", ["os:system", "../folder", "fonts.x"])
def test_a_recipe_names_no_code(tmp_path, kind):
    with pytest.raises(UsageError, match="source kind"):
        open_source(kind, tmp_path, TABLE)


@pytest.mark.parametrize("option", ["path", "characters", "self", "__class__"])
def test_a_recipe_sets_nothing_but_options(tmp_path, option):
    write_zip(tmp_path / "a.zip", {"33/a.png": b"x"})
    with pytest.raises(UsageError):
        open_source("folder", tmp_path / "a.zip", TABLE, {option: "x"})


def test_a_recipe_with_any_text_in_it_is_read_back_the_same(tmp_path):
    odd = 'tab\t nul\0 bell\x07 delete\x7f return\r quote" back\\slash \u2028 é'
    values = {"sources": {"a": {"path": odd, "options": {odd: odd}, "folders": [odd]}}}
    found = recipe.parse(values)
    assert recipe.parse(tomllib.loads(recipe_toml.to_toml(found))) == found


def test_a_recipe_saved_by_notepad_is_read(tmp_path):
    assert recipe.load(toml(tmp_path, "\ufeff" + SOURCE)).sources["a"].path == "x"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ((HEAD + ROW.replace(",a,g", ",a\0,g")).encode(), "NUL"),
        ((HEAD + ROW).encode("utf-16"), "not a CSV table"),
        ((HEAD + ROW.replace(",a,g", ",é,g")).encode("latin-1"), "not a CSV table"),
        ((HEAD + ROW.strip() + ",more\n").encode(), "more fields than its first line"),
        ((HEAD + ROW.replace(",1,", "," + "9" * 10_000 + ",")).encode(), "row 2: label"),
        ((HEAD + ROW.replace(",1,", ",=1+1,")).encode(), "row 2: label '=1[+]1' is no label"),
        ((HEAD + ROW + ROW.replace(",a,g", ',"a,g')).encode(), "not a CSV table"),
    ],
    ids=["nul", "utf-16", "latin-1", "fields", "digits", "formula", "quote"],
)
def test_a_manifest_that_means_harm_is_refused(tmp_path, data, problem):
    path = tmp_path / "m.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=problem) as caught:
        tables.read(path, TABLE)
    assert "\n" not in str(caught.value)
    assert "\0" not in str(caught.value)


def test_marks_formulas_and_huge_fields_of_a_manifest_stay_text(tmp_path):
    path = tmp_path / "m.csv"
    group = "=cmd|' /C calc'!A0" + "x" * (1 << 18)
    path.write_text("\ufeff" + HEAD + ROW.replace(",a,g", f",a,{group}"), encoding="utf-8")
    rows = tables.read(path, TABLE)
    assert rows["id"].tolist() == ["0123456789abcdef"]
    assert rows["group"].tolist() == [group]


@pytest.mark.parametrize("sample", ["0x12345678901234", "+123456789012345", "1_2_3_4_5_6_7_89"])
def test_an_id_is_hexadecimal_digits_alone(tmp_path, sample):
    path = tmp_path / "d.csv"
    path.write_text(f"id,verdict,codepoint,who,when\n{sample},keep,,,\n")
    with pytest.raises(InputError, match="is not 16 hexadecimal digits"):
        decisions.read([path], TABLE)


def test_a_table_of_every_character_is_read_at_once():
    points = (f"U+{n:04X}" for n in range(0x3000, 0x7000))
    rows = (f"{n},{point},,,{point}" for n, point in enumerate(points))
    text = "\n".join(["label,codepoint,name,aliases,shape", *rows])
    assert len(characters.parse(text)) == 0x4000


def test_a_table_with_a_huge_field_is_refused():
    text = f"label,codepoint,name,aliases,shape\n0,U+0041,{'x' * (1 << 18)},,U+0041\n"
    with pytest.raises(InputError, match="not a CSV table"):
        characters.parse(text)


@pytest.mark.parametrize(
    "text",
    ["U+FFFFFF\n 1,2\n", "U+D800\n 1,2\n", " 1,2\n", "U+0041\n 1e99,2\n", f"U+0041\n {9**99},2\n"],
)
def test_forms_of_nothing_are_refused(text):
    with pytest.raises(InputError, match="forms"):
        forms.read(text, "forms")


@pytest.mark.parametrize("end", range(20))
@pytest.mark.parametrize("kind", ["images-idx3", "labels-idx1"])
def test_an_idx_file_cut_anywhere_is_refused(tmp_path, kind, end):
    files = idx_files(pack=False)
    name = f"emnist-byclass-train-{kind}-ubyte"
    files[name] = files[name][: min(end, len(files[name]) - 1)]
    with pytest.raises(InputError, match=name):
        everything(Emnist(write(tmp_path / "emnist", files), TABLE))


@pytest.mark.parametrize("number", ["9" * 40, "1e400", "inf"])
def test_a_number_too_long_for_any_pixel_is_refused(tmp_path, number):
    folder = tmp_path / "emnist"
    mapping = idx_files()["emnist-byclass-mapping.txt"]
    line = ",".join(["3", number, *["0"] * 783])
    files = {"emnist-byclass-mapping.txt": mapping, "emnist-byclass-train.csv": line.encode()}
    with pytest.raises(InputError, match=r"train\.csv"):
        everything(Emnist(write(folder, files), TABLE))


def test_a_zip_whose_names_are_no_text_is_unreadable(tmp_path, png):
    path = write_zip(tmp_path / "set.zip", {"set/33/é.png": png, "set/33/b.png": png})
    data = path.read_bytes()
    at = data.index("é".encode())
    path.write_bytes(data[:at] + b"\xb2\xb2" + data[at + 2 :])  # in the file's own header alone
    found = [result for _, result in everything(open_source("folder", path, TABLE))]
    assert [hasattr(result, "reason") for result in found] == [False, True]


def test_a_zip_of_very_many_names_is_listed_in_bounded_chunks(tmp_path, png):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(5000):
            archive.writestr(f"set/33/{number}.txt", b"")
        archive.writestr("set/33/a.png", png)
    chunks = list(open_source("folder", path, TABLE).index())
    assert sum(len(chunk.rows) for chunk in chunks) == 5001
    assert max(len(chunk.rows) for chunk in chunks) <= 2048


@pytest.mark.parametrize(
    "array",
    [
        np.full((9, 9), b"abc"),
        np.full((9, 9), 1j),
        np.full((9, 9), "2020", "M8[s]"),
        np.full((9, 9), None),
    ],
    ids=["bytes", "complex", "time", "object"],
)
def test_an_array_of_anything_but_numbers_is_no_picture(array):
    with pytest.raises(UsageError, match="is no picture"):
        frame(array)


@pytest.mark.parametrize("paper", [1e300, -1e38, np.nan, np.inf, 1e-45])
@pytest.mark.parametrize("shape", [(20, 20), (20, 20, 4)])
def test_absurd_brightness_is_refused_without_a_warning(paper, shape):
    picture = np.full(shape, paper)
    picture[5:15, 8:11] = 0.0
    with pytest.raises(InputError, match="no ink"):
        frame(picture)


@pytest.mark.parametrize("shape", [(300, 30_000), (30_000, 300)])
def test_a_strip_takes_no_square_of_memory(shape, peak):
    picture = np.zeros(shape, np.uint8)
    picture[: shape[0] // 2, : -(-shape[1] // 2)] = 255
    framed = frame(picture, mode="em", polarity="bright")
    assert framed.shape == (32, 32)
    assert framed.max() == 255
    assert peak() < 256 << 20


def test_uneven_light_on_a_large_picture_takes_a_few_bytes_a_pixel(peak):
    light = np.linspace(120, 250, 1500)[None] * np.linspace(1, 0.7, 1200)[:, None]
    picture = light.astype(np.uint8)
    picture[400:800, 700:800] = 5
    assert frame(picture).max() == 255
    assert peak() < 25 * picture.size


def test_a_picture_that_is_text_of_a_model_is_no_picture():
    with pytest.raises(InputError, match="not a picture"):
        pictures.decode(json.dumps({"class_name": "Lambda"}).encode(), "x.png")
