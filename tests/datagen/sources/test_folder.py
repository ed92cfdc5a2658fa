import multiprocessing
import os
import pickle
import stat
import struct
import zipfile
from collections import Counter

import pytest
from written import everything, write, write_zip

from datagen.errors import InputError
from datagen.sources import CHUNK, Picture, Unreadable
from datagen.sources.archive import MAX_ENTRY
from datagen.sources.folder import Folder


def reasons(path, characters):
    return {row.origin: row.reason for row, _ in everything(Folder(path, characters))}


@pytest.fixture(params=["folder", "zip"])
def put(request, tmp_path):
    """Writes files into a folder or a zip, and returns its path."""

    def write_files(files):
        if request.param == "zip":
            return write_zip(tmp_path / "set.zip", files)
        return write(tmp_path / "set", files)

    return write_files


def test_the_parent_folder_is_the_class(put, png, characters):
    path = put({"top/33/b.png": png(1), "top/43/a.png": png(2), "plus/x.png": png(3)})
    found = everything(Folder(path, characters))
    assert [(row.origin, row.label, row.reason) for row, _ in found] == [
        ("plus/x.png", 8, ""),
        ("top/33/b.png", 0, ""),
        ("top/43/a.png", 8, ""),
    ]
    assert [picture.content for _, picture in found] == [png(3), png(1), png(2)]
    assert [int(picture.pixels[1, 1]) for _, picture in found] == [3, 1, 2]


def test_pictures_in_unknown_folders_are_left_out_with_a_reason(put, png, characters):
    found = everything(
        Folder(put({"34/a.png": png(), "33/a.png": png(), "a.png": png()}), characters)
    )
    assert [(row.label, row.reason) for row, _ in found] == [
        (0, ""),
        (-1, "folder '34' is none of the 89 classes"),
        (-1, "lies in no class folder"),
    ]
    assert [type(result) for _, result in found] == [Picture, Unreadable, Unreadable]


def test_folders_say_the_split_only_by_their_exact_name(put, png, characters):
    names = ["train/33", "Testing/33", "val/33", "latest/33", "33/test", "trainset/33"]
    rows = everything(Folder(put({f"{n}/a.png": png() for n in names}), characters))
    assert {row.origin[:-6]: (row.split, row.label) for row, _ in rows} == {
        "train/33": ("train", 0),
        "Testing/33": ("test", 0),
        "val/33": ("", 0),
        "latest/33": ("", 0),
        "33/test": ("test", 0),
        "trainset/33": ("", 0),
    }


def test_other_files_are_left_out_with_a_reason(put, png, characters):
    path = put(
        {
            "33/Thumbs.db": b"\xd0\xcf\x11\xe0",
            "33/.DS_Store": b"\0\0\0\1Bud1",
            "__MACOSX/33/._a.png": b"\0\5\x16\7",
            "33/notes.txt": b"a note",
            "33/a.png": png(),
            "33/no ending": png(),
            "33/no picture": b"text",
        }
    )
    found = {row.origin: row for row, _ in everything(Folder(path, characters))}
    assert [name for name, row in found.items() if not row.reason] == ["33/a.png", "33/no ending"]
    assert "file manager" in found["33/Thumbs.db"].reason
    assert "file manager" in found["33/.DS_Store"].reason
    assert "macOS" in found["__MACOSX/33/._a.png"].reason
    assert found["33/notes.txt"].reason == "not a picture (.txt)"


def test_a_broken_picture_is_unreadable_and_the_others_are_read(put, png, characters):
    path = put({"33/a.png": png()[:40], "33/b.png": b"", "33/c.png": b"text", "33/d.png": png()})
    results = [result for _, result in everything(Folder(path, characters))]
    assert [type(result) for result in results] == [Unreadable] * 3 + [Picture]
    assert "33/a.png" in results[0].reason
    assert "empty" in results[1].reason
    assert "not a picture" in results[2].reason


def test_names_of_any_script_are_classes(put, png, operators):
    path = put({"×/a.png": png(), "÷/ü ñ.png": png(), "=\u0338/x.png": png()})  # ≠ taken apart
    rows = [row for row, _ in everything(Folder(path, operators))]
    assert {row.origin: row.label for row in rows} == {
        "=\u0338/x.png": 2,
        "×/a.png": 0,
        "÷/ü ñ.png": 1,
    }


def test_a_zip_with_unmarked_utf8_names_is_understood(tmp_path, png, operators):
    path = write_zip(tmp_path / "set.zip", {"XX/a.png": png()})
    path.write_bytes(path.read_bytes().replace(b"XX/a.png", "÷/a.png".encode()))
    [(row, picture)] = everything(Folder(path, operators))
    assert (row.origin, row.label) == ("÷/a.png", 1)
    assert picture.content == png()


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode there")
def test_names_that_are_no_text_get_an_origin_that_can_be_written(tmp_path, png, characters):
    folder = tmp_path / "33"
    folder.mkdir()
    try:
        (folder / os.fsdecode(b"\xff.png")).write_bytes(png())
    except OSError:
        pytest.skip("the file system refuses such names")
    source = Folder(tmp_path, characters)
    [(row, picture)] = everything(source)
    assert row.origin.encode("utf-8") == b"33/\\udcff.png"
    assert source.read(row.origin).content == picture.content


def test_the_order_is_that_of_code_points(put, png, characters):
    names = ["33/b.png", "33/B.png", "33/a.png", "33-x/33/a.png", "123/a.png"]
    rows = everything(Folder(put({name: png() for name in names}), characters))
    assert [row.origin for row, _ in rows] == sorted(names)


def test_links_are_followed_but_not_in_a_circle(tmp_path, png, characters):
    write(tmp_path, {"real/a.png": png(), "set/43/b.png": png()})
    (tmp_path / "set" / "33").symlink_to(tmp_path / "real")
    (tmp_path / "set" / "43" / "loop").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "43" / "gone.png").symlink_to(tmp_path / "nothing")
    found = reasons(tmp_path / "set", characters)
    assert found["33/a.png"] == ""
    assert "link to a folder that it lies in" in found["43/loop"]
    assert "link to nothing" in found["43/gone.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_a_pipe_does_not_hang(tmp_path, png, characters):
    write(tmp_path, {"33/a.png": png()})
    os.mkfifo(tmp_path / "33" / "pipe.png")
    assert "not a regular file" in reasons(tmp_path, characters)["33/pipe.png"]


def test_entries_that_lead_outside_are_refused(tmp_path, png, characters):
    bad = ["../33/a.png", "33/../../a.png", "/33/a.png", "C:/33/a.png", "..\\33\\a.png"]
    path = write_zip(tmp_path / "a.zip", [(name, png()) for name in [*bad, "33/ok.png"]])
    found = reasons(path, characters)
    assert found.pop("33/ok.png") == ""
    assert set(found.values()) == {"its name leads outside the zip"}
    assert len(found) == len(bad)


def test_links_and_encrypted_entries_are_refused(tmp_path, png, characters):
    link = zipfile.ZipInfo("33/link.png")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    path = write_zip(tmp_path / "a.zip", [(link, b"/etc/passwd"), ("33/secret.png", png())])
    data = bytearray(path.read_bytes())
    directory = data.rindex(b"PK\1\2")
    struct.pack_into("<H", data, directory + 8, 1)  # the flag of encryption
    path.write_bytes(data)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("33/ok.png", png())
    assert reasons(path, characters) == {
        "33/link.png": "it is a link",
        "33/ok.png": "",
        "33/secret.png": "it is encrypted",
    }


def test_bombs_are_refused_before_they_are_unpacked(tmp_path, png, characters):
    path = write_zip(tmp_path / "a.zip", [("33/ok.png", png()), ("33/bomb.bmp", bytes(2 << 20))])
    assert "200 times" in reasons(path, characters)["33/bomb.bmp"]
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\1\2") + 24, MAX_ENTRY + 1)
    path.write_bytes(data)
    assert "too large" in reasons(path, characters)["33/bomb.bmp"]


def test_an_entry_that_lies_about_its_size_is_unreadable(tmp_path, png, characters):
    path = write_zip(tmp_path / "a.zip", {"33/a.png": png(), "33/b.png": png() + bytes(5000)})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\1\2") + 24, 50)
    path.write_bytes(data)
    (_, good), (_, bad) = everything(Folder(path, characters))
    assert isinstance(good, Picture)
    assert isinstance(bad, Unreadable)
    assert "33/b.png" in bad.reason


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_entries_with_one_name_the_last_is_read(tmp_path, png, characters):
    path = write_zip(tmp_path / "a.zip", [("33/a.png", png(1)), ("33/a.png", png(2))])
    source = Folder(path, characters)
    (first, left_out), (second, kept) = everything(source)
    assert "another file of this name" in first.reason
    assert isinstance(left_out, Unreadable)
    assert (second.reason, kept.content) == ("", png(2))
    assert source.read("33/a.png").content == png(2)


def test_broken_and_missing_zips_are_one_sentence(tmp_path, png, characters):
    path = write_zip(tmp_path / "a.zip", {"33/a.png": png()})
    whole = path.read_bytes()
    for data in (whole[:-30], b"", b"<html>"):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"a\.zip: not a whole zip file"):
            Folder(path, characters)
    with pytest.raises(InputError, match="no such file or folder"):
        Folder(tmp_path / "b.zip", characters)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pictures"):
        everything(Folder(tmp_path / "empty", characters))


def test_a_zip_that_is_replaced_is_opened_anew(tmp_path, png, characters):
    path = write_zip(tmp_path / "a.zip", {"33/a.png": png(1)})
    assert everything(Folder(path, characters))[0][1].content == png(1)
    other = write_zip(tmp_path / "b.zip", {"33/a.png": png(2), "33/b.png": png(3)})
    other.replace(path)
    assert [p.content for _, p in everything(Folder(path, characters))] == [png(2), png(3)]


def test_chunks_are_bounded_and_can_be_sent_to_another_process(put, png, characters):
    path = put({f"33/{n:04}.png": png(n % 200) for n in range(CHUNK + 1)})
    chunks = list(Folder(path, characters).index())
    assert [len(chunk.rows) for chunk in chunks] == [CHUNK, 1]
    copy = pickle.loads(pickle.dumps(chunks[1]))  # noqa: S301
    assert next(copy.load()).content == png(CHUNK % 200)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork there")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_processes_read_one_zip_at_the_same_time(tmp_path, png, characters):
    names = {f"33/{n:04}.png": png(n % 200) + bytes(3000) for n in range(1500)}
    chunks = list(Folder(write_zip(tmp_path / "a.zip", names), characters).index())
    assert _unreadable(chunks[0]) == 0  # the zip is open in the parent, too
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert pool.map(_unreadable, chunks * 6, chunksize=1) == [0] * 6


def _unreadable(chunk):
    return sum(isinstance(result, Unreadable) for result in chunk.load())


def test_one_picture_is_read_again_by_its_origin(put, png, characters):
    source = Folder(put({"33/a.png": png(1), "34/b.png": png(2)}), characters)
    assert source.read("33/a.png").content == png(1)
    with pytest.raises(InputError, match="holds no picture"):
        source.read("33/../33/a.png")


def test_the_fingerprint_follows_the_files(put, png, characters):
    first = Folder(put({"33/a.png": png(1)}), characters).fingerprint()
    path = put({"33/a.png": png(1), "33/b.png": png(1)})
    second = Folder(path, characters).fingerprint()
    assert second == Folder(path, characters).fingerprint()
    assert first != second


def test_real_symbols_and_their_four_unknown_folders(shared, characters):
    rows = [
        r for chunk in Folder(shared / "math-symbols.zip", characters).index() for r in chunk.rows
    ]
    assert len(rows) == 5_385
    left_out = Counter(row.origin.split("/")[1] for row in rows if row.reason)
    assert left_out == {"34": 243, "39": 251, "96": 39, "126": 52}
    counts = Counter(characters[row.label].char for row in rows if not row.reason)
    assert (counts["_"], counts["}"], counts["{"], len(counts)) == (73, 69, 63, 27)


def test_real_operators_are_read_from_jpeg(shared, characters):
    source = Folder(shared / "kaggle-operators.zip", characters)
    chunks = list(source.index())
    rows = [row for chunk in chunks for row in chunk.rows]
    assert len(rows) == 13_206
    assert len({row.label for row in rows}) == 7
    assert not any(row.reason for row in rows)
    assert all(picture.pixels.shape == (45, 45, 3) for picture in chunks[-1].load())
