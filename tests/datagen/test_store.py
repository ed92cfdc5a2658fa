"""Datasets in stores: in memory, in folders, and in two with processes of their own, S3 and GCS."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from test_build import hashes
from typer.testing import CliRunner

from datagen import bring, characters, remote
from datagen.build import build
from datagen.cli import app
from datagen.errors import InputError, UsageError
from datagen.font_files import catalog
from datagen.remote import Remote, is_url, location, open_remote
from datagen.sources import open_source
from datagen.verify import verify
from trainer.dataset import open_dataset

fsspec = pytest.importorskip(
    "fsspec", reason="fsspec is not installed: pip install 'math-vision[cloud]'"
)

RECIPE = """
name = "small"
size = 16
characters = "{folder}/table.csv"
[train]
per_class = 30
[validation]
per_class = 2
[test]
per_class = 2
[shards]
records = 6
[splits]
validation = 0.25
test = 0.25
[curate]
checks = []
[sources.fonts]
kind = "fonts"
installed = false
folders = ["{folder}/fonts"]
preset = "{folder}/pipeline.toml"
[sources.symbols]
kind = "folder"
optional = true
"""
TABLE = """label,codepoint,name,aliases,shape
0,U+0021,EXCLAMATION MARK,33,U+0021
1,U+0023,NUMBER SIGN,35,U+0023
"""
FAMILIES = {"abel", "arvo", "lato", "exo", "kalam", "lora"}
KILLED = """
import os, signal, sys
from datagen import remote
from datagen.cli import main

put, left = remote.Remote.put, []

def put_or_die(self, path, name):
    put(self, path, name)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":  # the processes that it spawns import it too
    left.append(int(sys.argv.pop(1)))
    remote.Remote.put = put_or_die
    main()
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipe")
    (folder / "fonts").mkdir()
    for family in catalog():
        if family.slug in FAMILIES and family.folder:
            smallest = min(family.folder.iterdir(), key=lambda p: (p.stat().st_size, p.name))
            shutil.copy(smallest, folder / "fonts")
    (folder / "table.csv").write_text(TABLE)
    (folder / "pipeline.toml").write_text('[[transforms]]\nname = "Warp"\n')
    path = folder / "small.toml"
    path.write_text(RECIPE.format(folder=folder))
    return path


@pytest.fixture(scope="module")
def local(recipe, tmp_path_factory):
    return hashes(build(recipe, tmp_path_factory.mktemp("local") / "out", workers=1).folder)


@pytest.fixture
def memory():
    store = fsspec.filesystem("memory")
    yield store
    store.store.clear()
    store.pseudo_dirs[:] = [""]


@pytest.fixture
def moved(monkeypatch):
    """Names of the files that were brought from stores, and of those that were put there."""
    get, put = Remote.get, Remote.put
    brought: list[str] = []
    kept: list[str] = []

    def getting(self, names, paths, advance):
        get(self, names, paths, advance)
        brought.extend(names)

    def putting(self, path, name):
        put(self, path, name)
        kept.append(name)

    monkeypatch.setattr(Remote, "get", getting)
    monkeypatch.setattr(Remote, "put", putting)
    return brought, kept


@contextmanager
def server(folder, module, *words):
    """Address of a store in a process of its own, which is told its port as the last word."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", module, *words, str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    deadline = time.monotonic() + 300  # only there to end a test that hangs
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """A server that speaks S3."""
    pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'math-vision[cloud]'")
    pytest.importorskip("moto.server", reason="moto[server] is not installed")
    with server(tmp_path_factory.mktemp("s3"), "moto.server", "-H", "127.0.0.1", "-p") as address:
        yield address


@pytest.fixture
def gs(tmp_path, monkeypatch):
    """A store that speaks Google's protocol, with a bucket."""
    gcsfs = pytest.importorskip(
        "gcsfs", reason="gcsfs is not installed: pip install 'math-vision[cloud]'"
    )
    emulator = "gcp_storage_emulator"
    pytest.importorskip(emulator, reason="gcp-storage-emulator is not installed")
    words = "start", "--host", "127.0.0.1", "--in-memory", "--default-bucket", "bucket", "--port"
    with server(tmp_path, emulator, *words) as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        gcsfs.GCSFileSystem.clear_instance_cache()
        yield gcsfs.GCSFileSystem()
    gcsfs.GCSFileSystem.clear_instance_cache()


@pytest.fixture
def s3(endpoint, monkeypatch):
    settings = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    store = s3fs.S3FileSystem()
    if not store.exists("bucket"):
        store.mkdir("bucket")
    yield store
    store.invalidate_cache()
    for path in store.find("bucket"):
        store.rm_file(path)
    s3fs.S3FileSystem.clear_instance_cache()


def contents(store, root):
    """SHA-256 of every file of a dataset in a store, by its path there."""
    store.invalidate_cache()
    start = len(store._strip_protocol(root)) + 1
    return {p[start:]: hashlib.sha256(store.cat_file(p)).hexdigest() for p in store.find(root)}


def test_a_build_into_a_store_gives_the_bytes_of_a_local_one(recipe, local, memory, moved):
    built = build(recipe, "memory://bucket/ds", workers=1)
    assert built.folder == "memory://bucket/ds"
    assert contents(memory, "/bucket/ds") == local
    assert moved[1][-1] == "SHA256SUMS"
    moved[1].clear()
    assert build(recipe, "memory://bucket/ds", workers=2).written == 0
    assert not moved[1]
    assert not list(bring.cache_folder().glob("staging/*/*"))


def test_a_shard_that_is_missing_in_the_store_or_cut_is_made_again(recipe, local, memory, moved):
    build(recipe, "memory://bucket/ds", workers=1)
    shards = [name for name in moved[1] if ".tfrecord-" in name]
    memory.rm_file(f"/bucket/ds/{shards[3]}")
    memory.pipe_file(f"/bucket/ds/{shards[5]}", b"cut")
    moved[1].clear()
    assert build(recipe, "memory://bucket/ds", workers=1).written == 2
    assert {name for name in moved[1] if ".tfrecord-" in name} == {shards[3], shards[5]}
    assert contents(memory, "/bucket/ds") == local


def test_a_store_of_folders_sees_files_whole_or_not_at_all(recipe, local, tmp_path, monkeypatch):
    out = tmp_path / "store" / "ds"
    build(recipe, f"local://{out}", workers=1)
    assert hashes(out) == local

    (tmp_path / "new").write_bytes(b"whole")
    store = open_remote(f"local://{out}")

    def cut(_, target):
        Path(target).write_bytes(b"who")
        raise TimeoutError("too slow")

    with monkeypatch.context() as patched:
        patched.setattr(type(store.store), "put_file", lambda self, *paths: cut(*paths))
        with pytest.raises(InputError, match=r"ds: the store can't be reached .*too slow"):
            store.put(tmp_path / "new", "recipe.toml")
    assert hashes(out)["recipe.toml"] == local["recipe.toml"]
    store.put(tmp_path / "new", "recipe.toml")
    assert (out / "recipe.toml").read_bytes() == b"whole"


def test_another_recipe_and_other_things_are_refused(recipe, memory, tmp_path):
    build(recipe, "memory://bucket/ds", workers=1)
    other = tmp_path / "other.toml"
    other.write_text(recipe.read_text().replace("size = 16", "size = 20"))
    before = contents(memory, "/bucket/ds")
    with pytest.raises(InputError, match=r"^memory://bucket/ds: holds a build that differs in its"):
        build(other, "memory://bucket/ds", workers=1)
    assert contents(memory, "/bucket/ds") == before
    memory.pipe_file("/bucket/photos/me.jpg", b"mine")
    with pytest.raises(InputError, match="photos: holds something that is no build of ours"):
        build(recipe, "memory://bucket/photos", workers=1)
    with pytest.raises(InputError, match=r"me\.jpg: is a file"):
        build(recipe, "memory://bucket/photos/me.jpg", workers=1)
    assert memory.find("/bucket/photos") == ["/bucket/photos/me.jpg"]


def test_a_killed_build_goes_on_from_a_machine_with_an_empty_cache(
    recipe, s3, moved, sources, tmp_path, monkeypatch
):
    s3.put_file(str(sources["symbols"]), "bucket/sets/symbols.zip")
    sources = {"symbols": "s3://bucket/sets/symbols.zip"}
    local = hashes(build(recipe, tmp_path / "out", sources, workers=1).folder)

    one = tmp_path / "killed.py"
    one.write_text(KILLED)
    words = ["build", str(recipe), "--out", "s3://bucket/ds", "--workers", "1"]
    words += ["--source", "symbols=s3://bucket/sets/symbols.zip"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "MATH_VISION_CACHE": str(tmp_path / "first"),
    }
    # The build's record, three shards, and of the fourth all but its own record.
    died = subprocess.run([sys.executable, str(one), "12", *words], check=False, env=environment)
    assert died.returncode == -signal.SIGKILL
    there = contents(s3, "bucket/ds")
    assert len(there) == 12
    assert there.items() <= local.items()

    monkeypatch.setenv("MATH_VISION_CACHE", str(tmp_path / "second"))
    built = build(recipe, "s3://bucket/ds", sources, workers=1)
    done = [name for name in there if name.startswith(".build/") and "-of-" in name]
    assert len(done) == 3
    shards = [name for name in local if ".tfrecord-" in name]
    assert built.written == len(shards) - 3
    again = there.keys() & set(moved[1])
    assert len(again) == 2  # of the shard that had no record
    assert contents(s3, "bucket/ds") == local


def test_a_source_is_brought_once_and_again_when_it_changes(memory, moved, sources):
    memory.put_file(str(sources["symbols"]), "/sets/symbols.zip")
    url, table = "memory://sets/symbols.zip", characters.load("math-vision-89")
    pictures = sum(len(chunk.rows) for chunk in open_source("auto", url, table).index())
    local = open_source("auto", sources["symbols"], table)
    assert pictures == sum(len(chunk.rows) for chunk in local.index())
    assert open_source("auto", url, table).fingerprint() == local.fingerprint()
    assert moved[0] == [""]
    content = bytearray(memory.cat_file("/sets/symbols.zip"))
    content[60] ^= 1
    memory.pipe_file("/sets/symbols.zip", bytes(content))
    assert bring.source(url).read_bytes() == content
    assert moved[0] == ["", ""]


def test_a_table_is_brought_with_its_pictures_and_what_is_gone_goes(memory):
    memory.pipe_file("/sets/mine/table.csv", b"image,label\na.png,A\n")
    memory.pipe_file("/sets/mine/a.png", b"a picture")
    memory.pipe_file("/sets/mine/sub/b.png", b"another")
    path = bring.source("memory://sets/mine/table.csv")
    assert (path.parent / "sub" / "b.png").read_bytes() == b"another"
    times = path.stat().st_mtime_ns
    memory.rm_file("/sets/mine/sub/b.png")
    assert bring.source("memory://sets/mine/table.csv") == path
    assert sorted(p.name for p in path.parent.rglob("*") if p.is_file()) == ["a.png", "table.csv"]
    assert path.stat().st_mtime_ns == times


def test_what_came_in_half_never_takes_its_name(memory, monkeypatch):
    memory.pipe_file("/sets/half.zip", b"0123456789")

    def half(self, names, paths, advance):
        paths[0].write_bytes(b"01234")

    with monkeypatch.context() as patched:
        patched.setattr(Remote, "get", half)
        with pytest.raises(
            InputError, match=r"half\.zip: the file came with 5 bytes instead of 10"
        ):
            bring.source("memory://sets/half.zip")

    def killed(self, names, paths, advance):
        half(self, names, paths, advance)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Remote, "get", killed)
        with pytest.raises(KeyboardInterrupt):
            bring.source("memory://sets/half.zip")
    path = bring.source("memory://sets/half.zip")
    assert path.read_bytes() == b"0123456789"
    assert [p.name for p in path.parent.iterdir() if p.is_file()] == ["half.zip"]


def test_names_that_lead_out_of_the_folder_are_refused(memory, tmp_path):
    for name in ("../../outside", "a/../../../outside", "a//b", "c\\..\\d"):
        memory.store.clear()
        memory.store[f"/sets/evil/{name}"] = memory.open("/x", "wb")
        with pytest.raises(InputError, match="is no name of a file"):
            bring.source("memory://sets/evil")


def test_verify_proves_what_the_store_holds(recipe, s3):
    build(recipe, "s3://bucket/ds", workers=1)
    assert open_dataset("s3://bucket/ds").count("train") == 60
    done = verify("s3://bucket/ds", workers=1)
    assert (done.shards, done.records, done.problems) == (12, 68, ())
    name = "small-train.tfrecord-00001-of-00010"
    content = bytearray(s3.cat_file(f"bucket/ds/{name}"))
    content[100] ^= 1
    s3.pipe_file(f"bucket/ds/{name}", bytes(content))
    found = verify("s3://bucket/ds", workers=1).problems
    assert {problem.file for problem in found} == {name}


def test_google_s_store_is_as_good_as_any(recipe, local, gs, moved, capfd):
    build(recipe, "gs://bucket/ds", workers=1)
    assert contents(gs, "bucket/ds") == local
    moved[1].clear()
    assert build(recipe, "gs://bucket/ds", workers=1).written == 0
    assert not moved[1]
    name = "small-train.tfrecord-00002-of-00010"
    gs.pipe_file(f"bucket/ds/{name}", gs.cat_file(f"bucket/ds/{name}")[:-1])
    assert {problem.file for problem in verify("gs://bucket/ds", workers=1).problems} == {name}
    with pytest.raises(InputError, match=r"^gs://nowhere/ds: the store has no such bucket or file"):
        build(recipe, "gs://nowhere/ds", workers=1)
    assert "bucket type" not in capfd.readouterr().err  # gcsfs would say so at each request


def test_the_trainer_brings_a_dataset_once(recipe, memory, moved):
    build(recipe, "memory://bucket/ds", workers=1)
    first = open_dataset("memory://bucket/ds")
    count = len(moved[0])
    again = open_dataset("memory://bucket/ds")
    assert (again.folder, again.digest) == (first.folder, first.digest)
    assert first.count("train") == 60
    assert len(moved[0]) == count > 0


def test_an_unfinished_dataset_is_told_before_it_is_brought(recipe, memory, moved):
    build(recipe, "memory://bucket/ds", workers=1)
    for name in ("SHA256SUMS", "manifests/shards.csv"):
        memory.rm_file(f"/bucket/ds/{name}")
    with pytest.raises(InputError, match="its build did not finish; run it again"):
        open_dataset("memory://bucket/ds")
    assert not moved[0]


def test_trouble_with_a_store_is_one_sentence(recipe, s3, memory, monkeypatch):
    import s3fs

    with pytest.raises(InputError, match=r"^s3://nowhere/ds: the store has no such bucket or file"):
        build(recipe, "s3://nowhere/ds", workers=1)
    with pytest.raises(InputError, match=r"^memory://nothing: nothing is there"):
        verify("memory://nothing")
    with pytest.raises(
        InputError, match=r"^http://127\.0\.0\.1:1/a\.zip: the store can't be reached"
    ):
        bring.source("http://127.0.0.1:1/a.zip")
    for name, value, found in (
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1", "the store can't be reached"),
        ("AWS_ACCESS_KEY_ID", "", "the store refuses access"),
    ):
        s3fs.S3FileSystem.clear_instance_cache()
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            with pytest.raises(InputError, match=f"^s3://bucket/ds: {found}"):
                verify("s3://bucket/ds")


def test_a_store_that_never_answers_is_given_up(s3, monkeypatch):
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    limits = remote._OPTIONS["s3"]["config_kwargs"]
    monkeypatch.setitem(limits, "read_timeout", limits["read_timeout"] / 1000)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        with pytest.raises(InputError, match=r"^s3://bucket/ds: the store can't be reached"):
            verify("s3://bucket/ds")


def test_urls_that_nothing_can_open_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "adlfs", None)
    with pytest.raises(UsageError, match=r"abfs://a/b: a package is missing .*adlfs.*pip install"):
        open_remote("abfs://a/b")
    with pytest.raises(UsageError, match="nothing is known that speaks nonsense://"):
        open_remote("nonsense://a/b")
    with pytest.raises(UsageError, match="has a password in it") as refused:
        open_remote("ftp://me:secret@host/b")
    assert "secret" not in str(refused.value)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(UsageError, match=r"needs fsspec, .*pip install 'math-vision\[cloud\]'"):
        open_remote("s3://a/b")


def test_urls_and_paths_are_told_apart(tmp_path):
    assert is_url(location("s3://bucket/name"))
    assert location("s3://bucket/name") == "s3://bucket/name"
    assert location((tmp_path / "a b").as_uri()) == tmp_path / "a b"
    for text in ("data/set", "C:/data", "c://data", "s3:/bucket"):
        assert location(text) == Path(text)


def test_only_what_can_be_in_a_store_takes_a_url(tmp_path):
    for words in (
        ("render", "--per-class", "1", "--out", "s3://bucket/a"),
        ("export", str(tmp_path), "--format", "png", "--out", "s3://bucket/a"),
        ("describe", "s3://bucket/a"),
        ("verify", "s3://bucket/a", "--repair"),
        ("report", "s3://bucket/a"),
    ):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2
        assert "error: s3://bucket/a: " in result.output
