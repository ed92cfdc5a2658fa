import json
import shutil

import pytest
from scratch_dataset import CLASSES, table_of

from datagen.errors import InputError, UsageError
from trainer.dataset import label_map, open_dataset


@pytest.fixture
def copy(dataset, tmp_path):
    return shutil.copytree(dataset, tmp_path / "copy")


def test_opens_a_dataset(dataset):
    found = open_dataset(dataset)
    assert (found.name, found.size, found.frame) == ("tiny", 32, "tight")
    assert [c.char for c in found.characters] == list(CLASSES)
    assert found.count("train") == 40 * len(CLASSES)
    assert len(found.shards("train")) == 3
    assert found.count("extra") == 0


def test_a_folder_that_is_no_dataset_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"isn't a dataset folder: manifests/shards\.csv"):
        open_dataset(tmp_path)


def test_a_truncated_shard_is_refused(copy):
    shard = next(copy.glob("*train*00001-of*"))
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"00001-of-00003 has .* bytes where .* states"):
        open_dataset(copy)


def test_a_shard_cut_on_a_record_border_is_refused(copy):
    shard = next(copy.glob("*train*00001-of*"))
    data = shard.read_bytes()
    shard.write_bytes(data[16 + int.from_bytes(data[:8], "little") :])
    with pytest.raises(InputError, match=r"00001-of-00003 has .* bytes where .* states .*--repair"):
        open_dataset(copy)


def test_counts_that_two_files_state_differently_are_refused(copy):
    splits = [
        {"name": split, "shardLengths": [str(shard.records) for shard in shards]}
        for split, shards in open_dataset(copy).splits.items()
    ]
    info = copy / "dataset_info.json"
    info.write_text(json.dumps({"splits": splits}))
    assert open_dataset(copy).count("train") == 40 * len(CLASSES)
    listing = copy / "manifests" / "shards.csv"
    lines = listing.read_text().splitlines()
    file, split, _, *rest = lines[1].split(",")
    listing.write_text("\n".join([lines[0], ",".join([file, split, "0", *rest]), *lines[2:]]))
    with pytest.raises(InputError, match=f"other counts of records for {split}"):
        open_dataset(copy)
    info.unlink()
    (copy / ".build").mkdir()
    with pytest.raises(InputError, match="its build did not finish"):
        open_dataset(copy)


def test_a_missing_shard_is_refused(copy):
    next(copy.glob("*test*")).unlink()
    with pytest.raises(InputError, match=r"test.* is missing"):
        open_dataset(copy)


def test_a_listing_with_a_foreign_file_is_refused(copy):
    listing = copy / "manifests" / "shards.csv"
    listing.write_text(listing.read_text().replace("tiny-train", "../tiny-train", 1))
    with pytest.raises(InputError, match="outside the dataset"):
        open_dataset(copy)


@pytest.mark.parametrize("text", ["file,split\na,b\n", "file,split,records,bytes,sha256\n"])
def test_a_listing_without_shards_is_refused(copy, text):
    (copy / "manifests" / "shards.csv").write_text(text)
    with pytest.raises(InputError, match=r"shards\.csv"):
        open_dataset(copy)


HEAD = "file,split,records,bytes,sha256\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("manifests/shards.csv", f"{HEAD}a\0b,train,2,3,x\n"),
        ("manifests/shards.csv", f"{HEAD}{'a' * 200_000},train,2,3,x\n"),
        ("manifests/shards.csv", f"{HEAD}a,train,-2,3,x\n"),
        ("manifests/shards.csv", f"{HEAD}a,train,{'9' * 5000},3,x\n"),
        ("manifests/shards.csv", f"{HEAD}a,train,=1+1,3,x\n"),
        ("manifests/shards.csv", "split,records,bytes,file\ntrain,2,3\n"),
        ("recipe.toml", f"size = {'9' * 5000}\n"),
        ("recipe.toml", f"a = {'[' * 20_000}{']' * 20_000}\n"),
        ("recipe.toml", 'name = "a"\nsize = 99999999\n'),
        ("recipe.toml", 'name = "a"\nsize = true\n'),
        ("dataset_info.json", "[" * 100_000),
        ("dataset_info.json", '{"splits": [{"name": [], "shardLengths": ["1"]}]}'),
    ],
)
def test_what_a_stranger_wrote_is_one_sentence(copy, name, text):
    (copy / name).write_text(text)
    with pytest.raises(InputError, match=name.rpartition("/")[2]) as caught:
        open_dataset(copy)
    assert len(str(caught.value)) < 500
    assert not {"\0", "\n"} & set(str(caught.value))


def test_an_unknown_split_is_a_usage_error(dataset):
    with pytest.raises(UsageError, match="no split 'extra'; its splits are: train, validation"):
        open_dataset(dataset).shards("extra")


def test_labels_are_matched_by_code_point(dataset):
    found = open_dataset(dataset)
    assert label_map(found, table_of(CLASSES[::-1])) == list(range(len(CLASSES)))[::-1]


def test_a_class_the_model_lacks_is_refused(dataset):
    with pytest.raises(InputError, match=r"2 classes that the model doesn't know \(U\+0030, U\+"):
        label_map(open_dataset(dataset), table_of(CLASSES[2:]))
