import pickle

import pytest
from written import everything, write

from datagen.errors import InputError, UsageError
from datagen.sources import Picture, Unreadable
from datagen.sources.table import Table


@pytest.fixture
def folder(tmp_path, png):
    return write(tmp_path, {"Img/a.png": png(1), "Img/b.png": png(2), "Img/ü,x.png": png(3)})


def table(folder, text, **options):
    (folder / "english.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder / "english.csv"


def test_images_and_labels_are_read_in_order(folder, png, characters):
    path = table(folder, 'image,label\nImg/b.png,0\nImg/a.png,a\n"Img/ü,x.png",=\n')
    for where in (path, folder):
        found = everything(Table(where, characters))
        assert [characters[row.label].char for row, _ in found] == ["0", "a", "="]
        assert [row.origin for row, _ in found] == ["Img/b.png", "Img/a.png", "Img/ü,x.png"]
        assert [picture.content for _, picture in found] == [png(2), png(1), png(3)]


def test_columns_can_have_other_names(folder, characters):
    path = table(folder, "n,file,char\r\n1,./Img/a.png,+\r\n")
    [(row, picture)] = everything(Table(path, characters, image="file", label="char"))
    assert (row.origin, characters[row.label].char) == ("Img/a.png", "+")
    assert isinstance(picture, Picture)
    with pytest.raises(UsageError, match="both the column"):
        Table(path, characters, image="file", label="file")


def test_split_group_and_writer_are_used(folder, characters):
    path = table(
        folder,
        "image,label,split,writer,group\nImg/a.png,A,test,7,\nImg/a.png,A,Train,7,g\n"
        "Img/b.png,B,val,,\n",
    )
    rows = [row for row, _ in everything(Table(path, characters))]
    assert [(row.split, row.group) for row in rows] == [
        ("test", "writer:7"),
        ("train", "g"),
        ("", ""),
    ]
    with pytest.raises(InputError, match=r"line 2 has split 'holdout'"):
        everything(Table(table(folder, "image,label,split\nImg/a.png,A,holdout\n"), characters))


def test_labels_that_look_like_nothing_stay_text(folder, characters):
    names = ["NA", "null", "nan", "", "-", "1", " = "]
    text = "image,label\n" + "".join(f'Img/a.png,"{name}"\n' for name in names)
    rows = [row for row, _ in everything(Table(table(folder, text), characters))]
    assert [row.reason for row in rows[:4]] == [
        f"label {name!r} is none of the 89 classes" for name in names[:4]
    ]
    assert [characters[row.label].char for row in rows[4:]] == ["-", "1", "="]


def test_bad_rows_are_left_out_with_a_reason(folder, png, characters):
    write(folder.parent, {"outside.png": png()})
    outside = ["../outside.png", "/etc/passwd", "Img/../../outside.png", "C:\\a.png"]
    missing = ["Img/z.png", "Img", "x" * 5000 + ".png"]
    names = [*outside, *missing, ""]
    text = "image,label\n" + "".join(f"{name},A\n" for name in [*names, "Img\\a.png"])
    found = everything(Table(table(folder, text), characters))
    assert all(isinstance(result, Unreadable) for _, result in found[:-1])
    said = [row.reason for row, _ in found]
    assert said[:4] == ["the picture lies outside the table's folder"] * 4
    assert said[4:7] == ["there is no such file"] * 3
    assert said[7:] == ["the table names no picture", ""]
    assert found[-1][0].origin == "Img/a.png"


BROKEN = {
    "empty": (b"", "'image' stands 0 times"),
    "no label": (b"image,class\nImg/a.png,0\n", "'label' stands 0 times"),
    "label twice": (b"image,label,label\n", "'label' stands 2 times"),
    "no rows": (b"image,label\n\n", "no rows"),
    "too few fields": (b"image,label\nImg/a.png\n", "line 2 has 1 fields"),
    "too many fields": (b"image,label\nImg/a.png,a,b\n", "line 2 has 3 fields"),
    "NUL": (b"image,label\nImg/a.png,a\0\n", "line 2 holds a NUL byte"),
    "huge field": (b"image,label\n" + b"x" * 200_000 + b",a\n", "line 2 is no CSV"),
    "open quote": (b'image,label\n"Img/a.png,a\n', "is no CSV"),
    "Latin-1": ("image,label\nÜ.png,a\n".encode("latin-1"), "not in UTF-8"),
    "UTF-16": ("image,label\nÜ.png,a\n".encode("utf-16"), "not in UTF-8"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_tables_are_one_sentence(folder, characters, case):
    data, message = BROKEN[case]
    with pytest.raises(InputError, match=message) as error:
        everything(Table(table(folder, data), characters))
    assert "english.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_must_hold_exactly_one_table(folder, characters):
    with pytest.raises(InputError, match="found none"):
        Table(folder, characters)
    table(folder, "\ufeffimage,label\nImg/a.png,0\n")
    (folder / "other.csv").write_text("a,b\n1,2\n")
    assert len(everything(Table(folder, characters))) == 1
    (folder / "third.csv").write_text("image,label\n")
    with pytest.raises(InputError, match=r"found english\.csv, third\.csv"):
        Table(folder, characters)
    with pytest.raises(InputError, match="no such file or folder"):
        Table(folder / "nowhere.csv", characters)


def test_chunks_can_be_sent_to_another_process(folder, png, characters):
    [chunk] = Table(table(folder, "image,label\nImg/a.png,0\n"), characters).index()
    copy = pickle.loads(pickle.dumps(chunk))  # noqa: S301
    assert next(copy.load()).content == png(1)


def test_one_picture_is_read_again_by_its_origin(folder, png, operators):
    source = Table(table(folder, "image,label\nImg/a.png,×\nImg/b.png,0\n"), operators)
    assert source.read("Img/a.png").content == png(1)
    for origin in ("Img/b.png", "Img/ü,x.png", "../a"):  # no class, not in the table, outside
        with pytest.raises(InputError, match="names no picture"):
            source.read(origin)


def test_the_fingerprint_follows_table_and_pictures(folder, png, characters):
    source = Table(table(folder, "image,label\nImg/a.png,0\n"), characters)
    first = source.fingerprint()
    assert source.fingerprint() == first
    (folder / "Img" / "a.png").write_bytes(png(1) + b" ")
    second = source.fingerprint()
    table(folder, "image,label\nImg/a.png,1\n")
    assert len({first, second, source.fingerprint()}) == 3
