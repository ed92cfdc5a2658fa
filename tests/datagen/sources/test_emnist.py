import gzip
import pickle
import struct
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays
from scipy.io import savemat
from written import (
    BYCLASS,
    UPRIGHT,
    everything,
    idx,
    idx_files,
    mapping_text,
    stored,
    write,
    write_zip,
)

from datagen import console
from datagen.errors import InputError, UsageError
from datagen.sources import CHUNK, Picture, Unreadable
from datagen.sources.emnist import Emnist, upright

IMAGES = "emnist-byclass-train-images-idx3-ubyte.gz"
LABELS = "emnist-byclass-train-labels-idx1-ubyte.gz"


def savemat_dataset(path, train, test, mapping, writers=True):
    def half(labels, first):
        fields = {"images": stored(len(labels)), "labels": np.array(labels, float)[:, None]}
        if writers:
            fields["writers"] = np.arange(first, first + len(labels), dtype=float)[:, None]
        return fields

    dataset = {"train": half(train, 100), "test": half(test, 200), "mapping": np.array(mapping)}
    savemat(path, {"dataset": dataset}, do_compression=True)
    return path


def kaggle_csv(labels):
    rows = zip(labels, stored(len(labels)), strict=True)
    return "".join(f"{label},{','.join(map(str, row))}\n" for label, row in rows).encode()


def kaggle_files():
    return {
        "emnist-byclass-train.csv": kaggle_csv([10, 36, 0]),
        "emnist-byclass-test.csv": kaggle_csv([61]),
        "emnist-byclass-mapping.txt": mapping_text(),
    }


def lie(tmp_path, files, characters):
    return everything(Emnist(write(tmp_path, files), characters))


@pytest.fixture(params=["idx.gz", "idx", "gzip/", "zip", "mat", "matlab/", "csv", "csv.zip"])
def every_form(request, tmp_path):
    """The same four pictures, A a 0 and z, in each published form."""
    form = request.param
    if form in ("idx.gz", "idx"):
        return write(tmp_path, idx_files(pack=form == "idx.gz"))
    if form == "gzip/":
        return write(tmp_path / "gzip", idx_files()).parent
    if form == "zip":
        files = {f"gzip/{name}": data for name, data in idx_files().items()}
        return write_zip(tmp_path / "gzip.zip", files)
    if form == "csv":
        return write(tmp_path, kaggle_files())
    if form == "csv.zip":
        return write_zip(tmp_path / "archive.zip", kaggle_files())
    mapping = [[n, p] for n, p in enumerate(BYCLASS)]
    folder = tmp_path / "matlab"
    folder.mkdir()
    path = savemat_dataset(folder / "emnist-byclass.mat", [10, 36, 0], [61], mapping)
    return path if form == "mat" else tmp_path


def test_every_form_gives_the_same_upright_pictures(every_form, characters):
    source = Emnist(every_form, characters)
    found = everything(source)
    assert [characters[row.label].char for row, _ in found] == ["A", "a", "0", "z"]
    assert [row.split for row, _ in found] == ["train", "train", "train", "test"]
    for number, (row, picture) in zip((0, 1, 2, 0), found, strict=True):
        assert np.array_equal(picture.pixels, UPRIGHT + np.uint8(number))
        assert picture.content == stored(3)[number].tobytes()
        again = source.read(row.origin)
        assert again.content == picture.content
        assert np.array_equal(again.pixels, picture.pixels)


def test_origins_name_file_and_number(tmp_path, characters):
    rows = [row for row, _ in everything(Emnist(write(tmp_path, idx_files()), characters))]
    assert rows[2].origin == f"{IMAGES}#2"
    assert rows[3].origin == "emnist-byclass-test-images-idx3-ubyte.gz#0"
    zipped = {f"gzip/{name}": data for name, data in idx_files().items()}
    rows = [row for row, _ in everything(Emnist(write_zip(tmp_path / "a.zip", zipped), characters))]
    assert rows[2].origin == f"gzip/{IMAGES}#2"


@pytest.mark.parametrize("origin", ["", "x#0", f"{IMAGES}#3", f"{IMAGES}#-1", f"{IMAGES}#x"])
def test_reading_an_unknown_origin_is_an_error(tmp_path, characters, origin):
    with pytest.raises(InputError, match="holds no picture"):
        Emnist(write(tmp_path, idx_files()), characters).read(origin)


def test_mat_files_tell_the_writers(tmp_path, characters):
    path = savemat_dataset(tmp_path / "emnist-byclass.mat", [0, 0], [0], [[0, 48]])
    groups = [row.group for row, _ in everything(Emnist(path, characters))]
    assert groups == ["writer:100", "writer:101", "writer:200"]
    path = savemat_dataset(tmp_path / "emnist-digits.mat", [0], [0], [[0, 48]], writers=False)
    assert [row.group for row, _ in everything(Emnist(path, characters))] == ["", ""]


def test_a_mat_file_of_another_name_needs_the_part(tmp_path, characters):
    path = savemat_dataset(tmp_path / "mine.mat", [0], [0], [[0, 48]])
    with pytest.raises(UsageError, match="part='byclass'"):
        Emnist(path, characters)
    assert len(everything(Emnist(path, characters, part="digits"))) == 2


def test_chunks_cross_a_process_border_and_keep_their_order(tmp_path, characters):
    labels = [n % 62 for n in range(CHUNK + 5)]
    source = Emnist(write(tmp_path, idx_files(train=labels, test=[0])), characters)
    chunks = list(source.index())
    assert [len(chunk.rows) for chunk in chunks] == [CHUNK, 5, 1]
    copy = pickle.loads(pickle.dumps(chunks[1]))  # noqa: S301
    assert copy.rows == chunks[1].rows
    assert copy.rows[4].origin == f"{IMAGES}#{CHUNK + 4}"
    got, expected = next(copy.load()), next(chunks[1].load())
    assert got.content == expected.content
    assert np.array_equal(got.pixels, UPRIGHT + np.uint8(CHUNK % 256))


@settings(max_examples=20, deadline=None)
@given(arrays.arrays(np.uint8, (3, 784)))
def test_upright_is_its_own_inverse(images):
    assert np.array_equal(upright(upright(images).reshape(3, 784)).reshape(3, 784), images)


def test_classes_that_the_table_lacks_are_left_out_with_a_reason(tmp_path, operators):
    files = idx_files(part="digits", train=(0, 1), test=(9,), mapping=b"0 215\n1 48\n")
    found = everything(Emnist(write(tmp_path, files), operators))
    assert [row.label for row, _ in found] == [0, -1, -1]
    assert "U+0030 is not one of the 3 classes" in found[1][0].reason
    assert "label 9 is not in EMNIST's mapping" in found[2][0].reason
    assert isinstance(found[0][1], Picture)
    assert all(isinstance(result, Unreadable) for _, result in found[1:])


@pytest.mark.parametrize(
    ("part", "mapping", "labels", "upper", "lower"),
    [
        ("letters", "1 65 97\r\n2 66 98\r\n", (1, 2), "AB", "ab"),
        ("balanced", "0 48\r\n1 65\r\n2 67\r\n3 97\r\n", (0, 1, 2, 3), "0ACa", "0Aca"),
        ("bymerge", "0 90\r\n1 84\r\n", (0, 1), "ZT", "zT"),
    ],
)
def test_merged_classes_need_a_decision(tmp_path, characters, part, mapping, labels, upper, lower):
    write(tmp_path, idx_files(part=part, train=labels, test=(), mapping=mapping.encode()))
    with pytest.raises(UsageError, match=r"merged='upper' or 'lower'"):
        Emnist(tmp_path, characters)
    for merged, expected in (("upper", upper), ("lower", lower)):
        rows = [row for row, _ in everything(Emnist(tmp_path, characters, merged=merged))]
        assert "".join(characters[row.label].char for row in rows) == expected


def test_wrong_options_are_usage_errors(tmp_path, characters):
    write(tmp_path, idx_files())
    with pytest.raises(UsageError, match="did you mean 'byclass'"):
        Emnist(tmp_path, characters, part="byclas")
    with pytest.raises(UsageError, match="refuse, upper, lower"):
        Emnist(tmp_path, characters, merged="both")
    write(tmp_path, idx_files(part="digits", train=(0,), test=(1,)))
    with pytest.raises(UsageError, match="choose one with part='byclass' or 'digits'"):
        Emnist(tmp_path, characters)
    assert len(everything(Emnist(tmp_path, characters, part="digits"))) == 2


def test_labels_without_images_name_what_is_missing(tmp_path, characters):
    files = {name: data for name, data in idx_files().items() if "images" not in name}
    with pytest.raises(InputError, match=IMAGES):
        Emnist(write(tmp_path, files), characters)
    with pytest.raises(InputError, match=IMAGES):
        Emnist(tmp_path, characters, part="byclass")
    with pytest.raises(InputError, match=r"digits lacks .*digits-train-images"):
        Emnist(tmp_path, characters, part="digits")


def test_a_half_without_images_is_left_out_with_a_note(tmp_path, characters, capsys):
    files = idx_files()
    del files[IMAGES]
    console.show(True)
    try:
        rows = [row for row, _ in everything(Emnist(write(tmp_path, files), characters))]
    finally:
        console.show(False)
    assert [row.split for row in rows] == ["test"]
    assert "train half is incomplete" in capsys.readouterr().err


def test_an_encrypted_file_in_a_zip_is_named(tmp_path, characters):
    path = write_zip(tmp_path / "gzip.zip", idx_files())
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"labels-idx1-ubyte\.gz can't be used: it is encrypted"):
        Emnist(path, characters)


def test_a_missing_mapping_or_folder_is_named(tmp_path, characters):
    files = idx_files()
    del files["emnist-byclass-mapping.txt"]
    with pytest.raises(InputError, match=r"emnist-byclass-mapping\.txt is missing"):
        Emnist(write(tmp_path, files), characters)
    with pytest.raises(InputError, match="no such file or folder"):
        Emnist(tmp_path / "nowhere", characters)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no file of EMNIST"):
        Emnist(tmp_path / "empty", characters)
    with pytest.raises(InputError, match="name the folder"):
        Emnist(tmp_path / IMAGES, characters)


@pytest.mark.parametrize(
    "mapping", [b"", b"0\r\n", b"0 48\r\n0 49\r\n", b"<html>", b"0 99999999\r\n", b"-1 48"]
)
def test_a_broken_mapping_is_one_sentence(tmp_path, characters, mapping):
    files = idx_files() | {"emnist-byclass-mapping.txt": mapping}
    with pytest.raises(InputError, match=r"^emnist-byclass-mapping\.txt: "):
        Emnist(write(tmp_path, files), characters)


BROKEN = {
    "more images promised": ({IMAGES: idx(np.zeros((2, 28, 28), np.uint8), count=3)}, "cut off"),
    "fewer images promised": ({IMAGES: idx(np.zeros((4, 28, 28), np.uint8), count=3)}, "longer"),
    "counts differ": ({LABELS: idx(np.zeros(4, np.uint8))}, "3 images, but .* 4 labels"),
    "labels cut": ({LABELS: idx(np.zeros(2, np.uint8), count=3)}, "cut off"),
    "labels longer": ({LABELS: idx(np.zeros(4, np.uint8), count=3)}, "longer"),
    "absurd count": ({LABELS: idx(np.zeros(4, np.uint8), count=2**32 - 1)}, "more than EMNIST"),
    "wrong magic": ({IMAGES: idx(np.zeros((3, 784), np.uint8))}, "not an IDX file of 3"),
    "wrong size": ({IMAGES: idx(np.zeros((3, 32, 32), np.uint8))}, "32 x 32"),
    "cut gzip": ({IMAGES: idx(stored(3).reshape(3, 28, 28))[:-9]}, "cut off or broken"),
    "half a gzip": ({IMAGES: idx(stored(3).reshape(3, 28, 28))[:200]}, "cut off"),
    "cut header": ({IMAGES: gzip.compress(struct.pack(">II", 0x0803, 3))}, "not an IDX file"),
    "empty": ({IMAGES: b""}, "not an IDX file"),
    "no gzip": ({IMAGES: b"<html>not found</html>"}, "gzip"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files_are_one_sentence(tmp_path, characters, case):
    files, message = BROKEN[case]
    name = next(iter(files))
    with pytest.raises(InputError, match=message) as error:
        lie(tmp_path, idx_files() | files, characters)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_a_changed_byte_inside_a_gzip_is_found(tmp_path, characters):
    data = bytearray(idx(stored(3).reshape(3, 28, 28)))
    data[-6] ^= 1  # in the check sum
    with pytest.raises(InputError, match="CRC"):
        lie(tmp_path, idx_files() | {IMAGES: bytes(data)}, characters)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "near line 1"),
        (b"1,2,3\n", "3 numbers in a line"),
        (kaggle_csv([1])[:-10] + b"\n", "near line 1"),
        (kaggle_csv([1]).replace(b",7,", b",256,", 1), "0..255"),
        (kaggle_csv([1]).replace(b",7,", b",x,", 1), "near line 1"),
        (kaggle_csv([1]) + b"\xff\xfe\n", "near line"),
    ],
)
def test_broken_csv_files_are_one_sentence(tmp_path, characters, data, message):
    files = kaggle_files() | {"emnist-byclass-train.csv": data}
    with pytest.raises(InputError, match=rf"emnist-byclass-train\.csv: .*{message}") as error:
        lie(tmp_path, files, characters)
    assert "\n" not in str(error.value)


def test_a_heading_in_a_csv_is_no_picture(tmp_path, characters):
    heading = ",".join(["label", *(f"pixel{n}" for n in range(784))]).encode() + b"\n"
    files = kaggle_files() | {"emnist-byclass-train.csv": heading + kaggle_csv([10])}
    assert len(lie(tmp_path, files, characters)) == 2
    files |= {"emnist-byclass-train.csv": b"\xef\xbb\xbf" + kaggle_csv([10, 11])}
    assert len(lie(tmp_path, files, characters)) == 3


def test_broken_mat_files_are_one_sentence(tmp_path, characters):
    path = savemat_dataset(tmp_path / "emnist-byclass.mat", [0], [0], [[0, 48]])
    whole = path.read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"<html>"):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"not a whole \.mat file"):
            everything(Emnist(path, characters))
    savemat(path, {"other": 1})
    with pytest.raises(InputError, match="no variable 'dataset'"):
        Emnist(path, characters)
    savemat_dataset(path, [0], [0], [[np.nan, 48]])
    with pytest.raises(InputError, match="whole numbers"):
        Emnist(path, characters)
    savemat(path, {"dataset": {"train": 1, "mapping": [[0, 48]]}})
    with pytest.raises(InputError, match="no field 'images'"):
        everything(Emnist(path, characters))


def test_the_fingerprint_follows_the_files(tmp_path, characters):
    write(tmp_path, idx_files())
    first = Emnist(tmp_path, characters).fingerprint()
    assert Emnist(tmp_path, characters).fingerprint() == first
    write(tmp_path, idx_files(train=(10, 36, 1)))
    assert Emnist(tmp_path, characters).fingerprint() != first


def test_real_digits_stand_upright(shared, characters):
    found = everything(Emnist(shared / "emnist", characters))
    assert len(found) == 10_000
    assert {row.split for row, _ in found} == {"test"}
    means = {
        digit: np.mean([p.pixels for r, p in found if characters[r.label].char == digit], axis=0)
        for digit in "17"
    }
    heights, widths = means["1"].max(axis=1) > 40, means["1"].max(axis=0) > 40
    assert heights.sum() > 1.3 * widths.sum()  # a 1 is taller than wide
    assert means["7"][:14].sum() > 1.2 * means["7"][14:].sum()  # the bar of a 7 is on top


def test_real_parts_without_images_are_refused(shared, characters):
    with pytest.raises(InputError, match="emnist-byclass-train-images-idx3-ubyte"):
        Emnist(shared / "emnist", characters, part="byclass")


def test_the_stand_in_is_read_whole_and_upright(shared, characters):
    rows, ink = Counter(), np.zeros((28, 28))
    letter = characters.find("L")
    for chunk in Emnist(shared / "emnist-byclass-standin", characters).index():
        for row, picture in zip(chunk.rows, chunk.load(), strict=True):
            rows[row.split] += 1
            if row.label == letter:
                ink += picture.pixels
    assert rows == {"train": 45_716, "test": 5_041}
    assert ink[14:].sum() > ink[:14].sum()  # an L is heavy below
    assert ink[:, :14].sum() > ink[:, 14:].sum()  # and on the left
