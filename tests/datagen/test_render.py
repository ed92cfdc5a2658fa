import hashlib
import os

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from datagen.errors import InputError, UsageError
from datagen.lock import hold
from datagen.render import render


def digest(folder):
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_exactly_the_asked_number_of_every_class(tmp_path):
    done = render(tmp_path / "out", per_class=3, size=48, workers=1)
    assert done.pictures == 3 * 89
    table = pd.read_csv(tmp_path / "out/manifest.csv", dtype=str, keep_default_na=False)
    assert set(table["codepoint"].value_counts()) == {3}
    assert table["id"].is_unique
    assert len(list((tmp_path / "out").rglob("*.png"))) == 3 * 89
    for row in table.itertuples():
        pixels = np.asarray(Image.open(tmp_path / "out" / row.path))
        assert pixels.shape == (48, 48)
        assert hashlib.sha256(pixels.tobytes()).hexdigest() == row.sha256
        assert pixels.max() == 255


def test_file_names_carry_ids_and_never_characters(tmp_path):
    render(tmp_path / "out", per_class=1, workers=1)
    for path in (tmp_path / "out").rglob("*.png"):
        assert path.parent.name.startswith("U+")
        assert set(path.stem) <= set("0123456789abcdef")


def test_other_symbols_any_number_of_workers_same_bytes(tmp_path, maths):
    for name, workers in (("one", 1), ("two", 2)):
        render(tmp_path / name, 70, size=16, characters_table=maths, workers=workers)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    render(tmp_path / "seed", 2, size=16, seed=1, characters_table=maths, workers=1)
    others = {p.name for p in (tmp_path / "seed").rglob("*.png")}
    assert not others & {p.name for p in (tmp_path / "one").rglob("*.png")}


def test_em_mode_keeps_small_things_small(tmp_path):
    render(tmp_path / "out", 2, size=32, preset="none", mode="em", workers=1)
    ink = {
        code: np.mean([(np.asarray(Image.open(p)) > 100).sum() for p in folder.glob("*.png")])
        for code in ("U+002E", "U+0057")
        for folder in [tmp_path / "out" / code]
    }
    assert ink["U+002E"] * 4 < ink["U+0057"]


def test_a_folder_in_use_is_left_alone(tmp_path, maths):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("x")
    with pytest.raises(InputError, match="holds something that is no render"):
        render(tmp_path / "out", 1, characters_table=maths, workers=1)
    render(tmp_path / "new", 1, characters_table=maths, workers=1)
    with pytest.raises(InputError, match="differs in its size"):
        render(tmp_path / "new", 1, size=50, characters_table=maths, workers=1)


def test_a_class_that_no_font_has(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "label,codepoint,name,aliases,shape\n0,U+0041,A,,U+0041\n1,U+10FFFD,F,,U+10FFFD\n"
    )
    with pytest.raises(InputError, match=r"no font .* has U\+10FFFD"):
        render(tmp_path / "out", 1, characters_table=path, workers=1)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"per_class": 0}, r"per_class \(=0\)"),
        ({"per_class": 1, "size": 4}, r"size \(=4\)"),
        ({"per_class": 1, "preset": "prnit"}, "did you mean 'print'"),
    ],
)
def test_wrong_arguments_write_nothing(tmp_path, arguments, problem):
    with pytest.raises(UsageError, match=problem):
        render(tmp_path / "out", workers=1, **arguments)
    assert not (tmp_path / "out").exists()


def test_two_at_once_into_one_folder(tmp_path, maths):
    with (
        hold(tmp_path / "out", "render"),
        pytest.raises(InputError, match=f"process {os.getpid()} on .* works in it"),
    ):
        render(tmp_path / "out", 1, characters_table=maths, workers=1)
    assert not (tmp_path / "out").exists()


def test_an_edited_pipeline_is_not_mixed_in(tmp_path, maths):
    pipeline = tmp_path / "mine.toml"
    pipeline.write_text('[[transforms]]\nname = "Warp"\nrotate = 5\n')
    asked = {"size": 16, "preset": str(pipeline), "characters_table": maths, "workers": 1}
    render(tmp_path / "out", 1, **asked)
    before = digest(tmp_path / "out")
    pipeline.write_text('[[transforms]]\nname = "Warp"\nrotate = 6\n')
    with pytest.raises(InputError, match=r"augmentation\.1 Warp\.rotate \(was 5, is now 6\)"):
        render(tmp_path / "out", 1, **asked)
    pipeline.write_text('# the same\n[[transforms]]\nname = "Warp"\nrotate = 5\n')
    render(tmp_path / "out", 1, **asked)
    assert digest(tmp_path / "out") == before
