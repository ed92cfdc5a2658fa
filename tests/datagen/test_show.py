import pandas as pd
import pytest

from datagen import tables
from datagen.errors import InputError, UsageError
from datagen.show import show


def some(folder, source, count=3):
    parts = [tables.read(p) for p in sorted(folder.glob("manifests/train-*.csv"))]
    table = pd.concat(parts)
    return list(table[table["source"] == source]["id"][:count])


@pytest.mark.parametrize("source", ["fonts", "redrawn", "emnist", "symbols"])
def test_a_sample_made_again_is_the_same_picture(built, source):
    for sample in some(built.folder, source):
        shown = show(built.folder, sample)
        assert shown.same, shown.verdict
        assert shown.row["source"] == source
        assert shown.pixels.shape == (28, 28)
    assert show(built.folder, sample[:10].upper()).row["id"] == sample


def test_a_moved_source_is_named_on_the_command_line(dataset, sources, tmp_path):
    sample = some(dataset, "symbols", 1)[0]
    recipe = dataset / "recipe.toml"
    recipe.write_text(recipe.read_text().replace(str(sources["symbols"]), str(tmp_path / "gone")))
    assert "can't be made again" in show(dataset, sample).verdict
    assert show(dataset, sample, {"symbols": sources["symbols"]}).same


def test_a_redrawn_sample_whose_origin_was_changed_is_told(dataset):
    sample = some(dataset, "redrawn", 1)[0]
    for path in dataset.glob("manifests/train-*.csv"):
        text = path.read_text()
        path.write_text(text.replace("~1.0,", "~2.0,"))
    shown = show(dataset, sample)
    assert not shown.same
    assert "its id is not that of its origin" in shown.verdict


def test_another_picture_is_told(dataset):
    sample = some(dataset, "fonts", 1)[0]
    for path in dataset.glob("manifests/train-*.csv"):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table.loc[table["id"] == sample, "sha256"] = "0" * 64
        table.to_csv(path, index=False)
    shown = show(dataset, sample)
    assert not shown.same
    assert "NOT" in shown.verdict


def test_ids_that_are_none(built):
    with pytest.raises(InputError, match="no sample has an id that begins with 'ffffffffff'"):
        show(built.folder, "ffffffffff")
    with pytest.raises(InputError, match=r"samples have an id"):
        show(built.folder, "0")
    with pytest.raises(UsageError, match="'xyz' is no id"):
        show(built.folder, "xyz")
