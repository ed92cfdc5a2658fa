import hashlib
import shutil

import pandas as pd
import pytest

from datagen.errors import InputError
from datagen.verify import verify


def manifest_path(dataset, split="train", index=0):
    return sorted(dataset.glob(f"manifests/{split}-*.csv"))[index]


def shard_path(dataset, split="train", index=0):
    return sorted(dataset.glob(f"small-{split}.tfrecord-*"))[index]


def flip(dataset):
    path = shard_path(dataset, index=2)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    return path.name


def cut_on_a_record(dataset):
    path = shard_path(dataset, "test")
    data = path.read_bytes()
    end = 16 + int.from_bytes(data[:8], "little")
    path.write_bytes(data[:end])
    return path.name


def empty(dataset):
    shard_path(dataset, "validation").write_bytes(b"")
    return "bytes instead of"


def missing(dataset):
    shard_path(dataset, index=1).unlink()
    return "is missing"


def extra(dataset):
    (dataset / "small-train.tfrecord-00009-of-00010").write_bytes(b"")
    return "00009-of-00010: is no file of this dataset"


def swapped(dataset):
    first, second = shard_path(dataset, index=0), shard_path(dataset, index=1)
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)
    return first.name


def edit(dataset, change, split="train"):
    path = manifest_path(dataset, split)
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    change(table)
    table.to_csv(path, index=False)
    return path.name


def wrong_label(dataset):
    def change(table):
        table.loc[3, "label"] = "5" if table.loc[3, "label"] != "5" else "6"

    return edit(dataset, change) + ": row 5: codepoint"


def wrong_row(dataset):
    def change(table):
        table.loc[3, "sha256"] = "0" * 64

    return edit(dataset, change) + ": row 5: sha256"


def lost_row(dataset):
    path = manifest_path(dataset)
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    return path.name


def no_manifest(dataset):
    manifest_path(dataset).unlink()
    return ": is missing"


def group_in_two_splits(dataset):
    group = pd.read_csv(manifest_path(dataset), dtype=str).loc[0, "group"]

    def change(table):
        table.loc[0, "group"] = group

    edit(dataset, change, "test")
    return ": its group is in two splits, also in manifests/test-"


def metadata(dataset):
    path = dataset / "dataset_info.json"
    path.write_text(path.read_text().replace('"train"', '"practice"'))
    return "dataset_info.json: row 9: is not as it was built"


def class_names(dataset):
    (dataset / "label.labels.txt").write_text("A\nB\n")
    return "label.labels.txt: row 1: is not as it was built"


def row_edited(column):
    def damage(dataset):
        def change(table):
            table.loc[7, column] = table.loc[table[column] != table.loc[7, column], column].iloc[0]

        return edit(dataset, change) + ": row 9: is not as it was built"

    damage.__name__ = f"{column}_edited"
    return damage


def id_twice(dataset):
    def change(table):
        table.loc[4, "id"] = table.loc[2, "id"]

    name = edit(dataset, change)
    return f"{name}: row 4: its id stands also in manifests/{name}, row 6"


def listing(dataset):
    path = dataset / "manifests/shards.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[2], lines[1], *lines[3:]]))
    return "manifests/shards.csv: row 2: is not as it was built"


def recipe_edited(dataset):
    path = dataset / "recipe.toml"
    path.write_text(path.read_text().replace("seed = 0", "seed = 1"))
    return "recipe.toml: row 3"


def a_hash(dataset):
    path = dataset / "SHA256SUMS"
    lines = path.read_text().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if "small-train" in line)
    lines[number] = "0" * 64 + lines[number][64:]
    path.write_text("".join(lines))
    return f"SHA256SUMS: row {number + 1}: small-train"


def reasons(dataset):
    path = dataset / "manifests/rejected.csv"
    path.write_bytes(path.read_bytes().replace(b"no ink", b"so ink"))
    return "manifests/rejected.csv: its sha256"


def no_listing(dataset):
    (dataset / "manifests/shards.csv").unlink()
    return "manifests/shards.csv: is missing"


DAMAGES = [
    *map(row_edited, ("group", "origin", "seed")),
    id_twice,
    listing,
    no_listing,
    recipe_edited,
    a_hash,
    reasons,
    flip,
    cut_on_a_record,
    empty,
    missing,
    extra,
    swapped,
    wrong_label,
    wrong_row,
    lost_row,
    no_manifest,
    group_in_two_splits,
    metadata,
    class_names,
]


def test_a_good_dataset_has_no_problems(built):
    done = verify(built.folder, workers=1)
    assert done.problems == ()
    assert done.records == sum(built.records.values())
    assert verify(built.folder, workers=2) == done


def test_a_copy_without_what_a_build_keeps_is_as_good(dataset):
    shutil.rmtree(dataset / ".build")
    assert verify(dataset, workers=1).problems == ()
    wrong_row(dataset)
    assert verify(dataset, workers=1).problems != ()


def test_the_list_of_hashes_is_the_one_that_sha256sum_reads(built):
    for line in (built.folder / "SHA256SUMS").read_text().splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((built.folder / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda f: f.__name__)
def test_every_damage_is_found_and_named(dataset, damage):
    name = damage(dataset)
    problems = verify(dataset, workers=1).problems
    assert any(name in str(problem) for problem in problems), problems


def test_what_is_no_dataset_is_refused(tmp_path, dataset):
    with pytest.raises(InputError, match="no dataset is here"):
        verify(tmp_path, workers=1)
    (dataset / "manifests/shards.csv").unlink()
    (dataset / "SHA256SUMS").unlink()
    with pytest.raises(InputError, match="its build did not finish; run it again"):
        verify(dataset, workers=1)
