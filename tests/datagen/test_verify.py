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
    return "can't be read"


def extra(dataset):
    (dataset / "small-train.tfrecord-00009-of-00010").write_bytes(b"")
    return "00009-of-00010: is not in manifests/shards.csv"


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
    return "the table is missing"


def group_in_two_splits(dataset):
    group = pd.read_csv(manifest_path(dataset), dtype=str).loc[0, "group"]

    def change(table):
        table.loc[0, "group"] = group

    edit(dataset, change, "test")
    return "the group of sample"


def metadata(dataset):
    path = dataset / "dataset_info.json"
    path.write_text(path.read_text().replace('"train"', '"practice"'))
    return "dataset_info.json: disagrees"


def class_names(dataset):
    (dataset / "label.labels.txt").write_text("A\nB\n")
    return "label.labels.txt: disagrees"


DAMAGES = [
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


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda f: f.__name__)
def test_every_damage_is_found_and_named(dataset, damage):
    name = damage(dataset)
    problems = verify(dataset, workers=1).problems
    assert any(name in problem for problem in problems), problems


def test_what_is_no_dataset_is_refused(tmp_path, dataset):
    with pytest.raises(InputError, match="no dataset is here"):
        verify(tmp_path, workers=1)
    (dataset / "manifests/shards.csv").unlink()
    with pytest.raises(InputError, match="its build did not finish; run it again"):
        verify(dataset, workers=1)
