import pytest
from written import everything, idx_files, write, write_zip

from datagen.errors import InputError, UsageError
from datagen.sources import KINDS, open_source
from datagen.sources.detect import detect


@pytest.fixture
def kinds(tmp_path, png):
    zipped = {f"gzip/{name}": data for name, data in idx_files().items()}
    both = {"english.csv": b"image,label\n33/a.png,A\n", "33/a.png": png()}
    return {
        write(tmp_path / "idx", idx_files()): "emnist",
        write(tmp_path / "sub" / "gzip", idx_files()).parent: "emnist",
        write_zip(tmp_path / "gzip.zip", zipped): "emnist",
        write(tmp_path / "classes", {"33/a.png": png(), "34/b.png": png()}): "folder",
        write_zip(tmp_path / "classes.zip", {"top/33/a.png": png()}): "folder",
        write(tmp_path / "table", both): "table",
        tmp_path / "table" / "english.csv": "table",
    }


def test_the_kind_is_seen_and_opens(kinds, characters):
    for path, kind in kinds.items():
        assert detect(path) == kind, path
        assert everything(open_source("auto", path, characters))


def test_anything_else_is_one_sentence(tmp_path, png):
    write(tmp_path, {"a/notes.txt": b"x", "b/a.csv": b"x,y\n", "c/top.png": png()})
    write_zip(tmp_path / "text.zip", {"33/a.txt": b"x"})
    (tmp_path / "broken.zip").write_bytes(b"PK")
    for name in ("a", "b", "c", "b/a.csv", "text.zip", "c/top.png"):
        with pytest.raises(InputError, match="holds nothing that is known"):
            detect(tmp_path / name)
    with pytest.raises(InputError, match="not a whole zip"):
        detect(tmp_path / "broken.zip")
    with pytest.raises(InputError, match="no such file"):
        detect(tmp_path / "nowhere")


def test_every_kind_can_be_opened_by_name(kinds, characters):
    assert set(kinds.values()) == set(KINDS)
    for path, kind in kinds.items():
        assert open_source(kind, path, characters).fingerprint()


def test_unknown_kinds_and_options_are_usage_errors(tmp_path, characters):
    with pytest.raises(UsageError, match="did you mean 'folder'"):
        open_source("foldr", tmp_path, characters)
    with pytest.raises(UsageError, match="colour"):
        open_source("folder", tmp_path, characters, {"colour": 1})
