import csv
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from datagen import shards, tables
from datagen.build import build
from datagen.errors import InputError, UsageError

SPLITS = ("train", "validation", "test")


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a dataset."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def rows(folder: Path) -> pd.DataFrame:
    return pd.concat(
        [tables.read(p) for s in SPLITS for p in sorted(folder.glob(f"manifests/{s}-*.csv"))]
    )


def test_every_class_has_exactly_the_same_number_of_train_records(built):
    train = rows(built.folder).query("split == 'train'")
    assert set(train["codepoint"].value_counts()) == {6}
    assert train["label"].nunique() == 89
    assert built.records["train"] == 89 * 6


def test_real_samples_come_first_and_drawn_ones_fill(built):
    train = rows(built.folder).query("split == 'train'")
    counts = train.groupby(["codepoint", "source"]).size().unstack(fill_value=0)
    assert counts["emnist"].max() <= 4
    assert counts.loc["U+0041", "emnist"] >= 1
    assert counts.loc["U+0021", "symbols"] == 6
    assert counts.loc["U+0021", "fonts"] == 0
    assert counts.loc["U+007B", "fonts"] == 6


def test_no_group_and_no_picture_is_in_two_splits(built):
    table = rows(built.folder)
    for column in ("group", "sha256"):
        assert table.groupby(column)["split"].nunique().max() == 1
    assert table["id"].is_unique
    families = table.query("source == 'fonts'").groupby("split")["group"].nunique()
    assert (families > 5).all()


def test_the_publishers_test_part_stays_test(built):
    table = rows(built.folder).query("source == 'emnist'")
    is_test = table["origin"].str.contains("-test-images")
    assert (is_test == (table["split"] == "test")).all()
    assert is_test.sum() > 100


def test_records_and_manifests_agree(built):
    for path in sorted(built.folder.glob("small-*.tfrecord-*")):
        split, _, suffix = path.name.removeprefix("small-").partition(".tfrecord-")
        table = tables.read(built.folder / "manifests" / f"{split}-{suffix}.csv")
        records = list(shards.read(path, 28))
        assert [r.id for r in records] == list(table["id"])
        assert [r.label for r in records] == list(table["label"])
        assert [hashlib.sha256(r.image.tobytes()).hexdigest() for r in records] == list(
            table["sha256"]
        )


def test_shards_are_shuffled_over_classes_and_sources(built):
    table = tables.read(next(built.folder.glob("manifests/train-00000-*.csv")))
    assert set(table["source"]) == {"fonts", "redrawn", "emnist", "symbols"}
    assert (np.diff(table["label"]) != 0).mean() > 0.8


def test_what_is_left_out_is_listed_with_its_reason(built):
    table = pd.read_csv(built.folder / "manifests/rejected.csv", dtype=str, keep_default_na=False)
    reasons = dict(zip(table["origin"], table["reason"], strict=True))
    expected = {
        "set/34/unknown.png": "34",
        "set/35/blank.png": "no ink",
        "set/35/broken.png": "",
        "set/33/two-labels.png": "is labelled U+0021 and U+0023",
        "set/35/two-labels.png": "is labelled U+0021 and U+0023",
    }
    for origin, reason in expected.items():
        assert reason in reasons[origin]
        assert reasons[origin]
    copies = {o for o, r in reasons.items() if "the same picture as set/43" in r}
    assert copies <= {"set/43/5.png", "set/43/copy.png"}
    assert len(copies) == 1
    assert (table["reason"] != "").all()
    assert built.rejected == len(table)


def test_every_picture_of_a_source_is_in_a_shard_or_listed(built):
    table = pd.read_csv(built.folder / "manifests/rejected.csv", dtype=str, keep_default_na=False)
    for source, count in (("emnist", 62 * 6), ("symbols", 4 * 12 + 6)):
        used = (rows(built.folder)["source"] == source).sum()
        assert used + (table["source"] == source).sum() == count


@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_recipe_gives_the_same_bytes(built, recipe, sources, tmp_path, workers):
    again = build(recipe, tmp_path / "again", sources, workers=workers)
    assert hashes(again.folder) == hashes(built.folder)


def test_running_again_writes_nothing(built, recipe, sources):
    before = {p: p.stat().st_mtime_ns for p in built.folder.glob("*.tfrecord-*")}
    again = build(recipe, built.folder, sources, workers=1)
    assert again.written == 0
    assert again.records == built.records
    assert {p: p.stat().st_mtime_ns for p in built.folder.glob("*.tfrecord-*")} == before


def test_only_what_is_missing_is_written(built, recipe, sources, dataset):
    (dataset / ".build/train-00002-of-00006.json").unlink()
    (dataset / "small-test.tfrecord-00000-of-00003").unlink(missing_ok=True)
    victim = next(iter(sorted(dataset.glob("small-validation.tfrecord-*"))))
    victim.write_bytes(victim.read_bytes()[:-1])
    again = build(recipe, dataset, sources, workers=1)
    assert 2 <= again.written <= 3
    assert hashes(dataset) == hashes(built.folder)


def test_another_recipe_is_not_mixed_in(recipe, sources, dataset, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(recipe.read_text() + "\n[curate]\nduplicates = 'keep'\n")
    before = hashes(dataset)
    changed = r"differs in its recipe.curate.duplicates \(was drop, is now keep\); give another"
    with pytest.raises(InputError, match=changed):
        build(other, dataset, sources, workers=1)
    with pytest.raises(InputError, match=r"recipe\.sources\.emnist, source emnist; give"):
        build(recipe, dataset, {"symbols": sources["symbols"]}, workers=1)
    assert hashes(dataset) == before


def test_a_folder_of_something_else_is_left_alone(recipe, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="holds something that is no build"):
        build(recipe, tmp_path, workers=1)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def test_notes_say_which_optional_sources_are_missing(built, recipe, sources, tmp_path):
    assert list(built.notes) == []
    few = tmp_path / "few.toml"
    few.write_text(recipe.read_text().replace("per_class = 6", "per_class = 1"))
    done = build(few, tmp_path / "out", {"symbols": sources["symbols"]}, workers=1)
    assert len(done.notes) == 1
    assert "emnist" in done.notes[0]


def test_no_workers_is_a_usage_error(recipe, sources, tmp_path):
    with pytest.raises(UsageError, match=r"workers \(=0\)"):
        build(recipe, tmp_path, sources, workers=0)


def test_caps_of_sources_given_on_the_command_line_hold(recipe, sources, tmp_path):
    capped = tmp_path / "capped.toml"
    capped.write_text(recipe.read_text().replace("cap = 4", "cap = 1"))
    done = build(capped, tmp_path / "out", sources, workers=1)
    train = rows(done.folder).query("split == 'train' and source == 'emnist'")
    assert set(train["codepoint"].value_counts()) == {1}


def test_duplicates_can_be_kept(recipe, sources, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(recipe.read_text() + "\n[curate]\nduplicates = 'keep'\n")
    done = build(other, tmp_path / "out", sources, workers=1)
    table = rows(done.folder)
    assert table["sha256"].duplicated().any()
    assert table.groupby("sha256")["split"].nunique().max() == 1
    assert table["id"].is_unique


def test_killed_and_run_again_it_ends_in_the_same_bytes(built, recipe, sources, tmp_path):
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "datagen.cli", "build", str(recipe), "--out", str(out)]
    command += [f"--source={n}={p}" for n, p in sources.items()] + ["--workers=2", "--quiet"]
    process = subprocess.Popen(command, start_new_session=True)
    while not list(out.glob("small-*.tfrecord-*")):
        assert process.poll() is None
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "dataset_info.json").exists()
    again = build(recipe, out, sources, workers=1)
    assert again.written > 0
    assert hashes(out) == hashes(built.folder)


def test_the_csv_files_are_plain(built):
    for path in (built.folder / "manifests").glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            widths = {len(row) for row in csv.reader(file, strict=True)}
        assert len(widths) == 1
