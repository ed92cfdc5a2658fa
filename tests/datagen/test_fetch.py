"""Getting the real sets, from a server that serves, stalls, cuts, corrupts and refuses."""

import hashlib
import http.server
import io
import itertools
import json
import random
import re
import sys
import tarfile
import threading
import types
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datagen import fetch_http, fetch_sets
from datagen.characters import load
from datagen.errors import InputError, UsageError
from datagen.fetch import fetch
from datagen.fetch_http import download
from datagen.sources.folder import Folder

BYTES = random.Random(7).randbytes(700_000)
MD5 = hashlib.md5(BYTES, usedforsecurity=False).hexdigest()
QUICK = {"timeout": 0.25, "pause": 0.0}


class Server(http.server.ThreadingHTTPServer):
    """Serves `content`; `faults` says what is wrong with each answer, in turn."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = BYTES
        self.faults = iter(())
        self.etag = '"one"'
        self.asked = []
        self.closing = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/gzip.zip"


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range", "")
        server.asked.append(wanted)
        fault, *detail = next(server.faults, ("fine",))
        if fault == "code":
            self.send_error(detail[0])
            return
        if fault == "silent":
            server.closing.wait(10)
            return
        body, start = server.content, 0
        match = re.fullmatch(r"bytes=(\d+)-", wanted)
        if match and fault != "no ranges" and self.headers.get("If-Range") in (None, server.etag):
            start = int(match[1])
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.end_headers()
                return
        self.send_response(206 if start else 200)
        if start:
            first = start + 1 if fault == "elsewhere" else start
            self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        kind = "text/html; charset=utf-8" if fault == "page" else "application/zip"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("ETag", server.etag)
        self.end_headers()
        body = body[start:]
        if fault == "corrupt":
            body = bytes([body[0] ^ 1]) + body[1:]
        if fault in ("cut", "stall"):
            body = body[: detail[0]]
        self.wfile.write(body)
        self.wfile.flush()
        if fault == "stall":
            server.closing.wait(10)


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


def get(server, path, md5=MD5, **changed):
    download(server.url, path, md5, "get it by hand", **(QUICK | changed))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_whole_and_alone(server, tmp_path):
    get(server, tmp_path / "new" / "set.zip")
    assert (tmp_path / "new" / "set.zip").read_bytes() == BYTES
    assert names(tmp_path / "new") == ["set.zip"]


def test_a_cut_download_goes_on_where_it_was(server, tmp_path):
    server.faults = iter([("cut", 300_000), ("cut", 200_000)])
    get(server, tmp_path / "set.zip")
    assert (tmp_path / "set.zip").read_bytes() == BYTES
    assert server.asked == ["", "bytes=300000-", "bytes=500000-"]


def test_a_stopped_download_goes_on_in_another_run(server, tmp_path):
    server.faults = iter([("cut", 100_000), *[("cut", 0)] * 3])
    with pytest.raises(InputError, match=r"cut the connection after 100,000 of 700,000 bytes.*"):
        get(server, tmp_path / "set.zip")
    assert names(tmp_path) == ["set.zip.part", "set.zip.part.json"]
    get(server, tmp_path / "set.zip")
    assert server.asked[-1] == "bytes=100000-"
    assert names(tmp_path) == ["set.zip"]


def test_a_stalled_server_ends_in_a_sentence(server, tmp_path):
    server.faults = iter([("silent",)] * 9)
    with pytest.raises(InputError) as caught:
        get(server, tmp_path / "set.zip")
    said = str(caught.value)
    assert "sent nothing for 0.25 s" in said
    assert "run the same command again to go on, or get it by hand" in said
    assert len(server.asked) == fetch_http.TRIES


def test_what_a_stalled_server_sent_is_kept(server, tmp_path):
    server.faults = iter([("stall", 200_000), *[("stall", 0)] * 9])
    with pytest.raises(InputError, match=r"200,000 bytes are kept"):
        get(server, tmp_path / "set.zip")
    assert (tmp_path / "set.zip.part").read_bytes() == BYTES[:200_000]


def test_a_server_that_trickles_counts_as_stalled():
    class Drip:
        def read1(self, _):
            return b"."

    clock = itertools.count()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fetch_http.time, "monotonic", lambda: next(clock))
        with pytest.raises(fetch_http._BrokenError, match="no more than 31 bytes in 30 s"):
            list(fetch_http._blocks(Drip(), 30))


def test_a_corrupt_download_is_refused_and_removed(server, tmp_path):
    server.faults = iter([("corrupt",)])
    with pytest.raises(InputError, match=f"not the published {MD5}, and was removed"):
        get(server, tmp_path / "set.zip")
    assert names(tmp_path) == []
    get(server, tmp_path / "set.zip")
    assert (tmp_path / "set.zip").read_bytes() == BYTES


def test_parts_of_two_versions_are_never_joined(server, tmp_path):
    server.faults = iter([("cut", 300_000), *[("cut", 0)] * 3])
    with pytest.raises(InputError):
        get(server, tmp_path / "set.zip")
    server.content, server.etag = BYTES[::-1], '"two"'
    get(server, tmp_path / "set.zip", md5="")
    assert (tmp_path / "set.zip").read_bytes() == BYTES[::-1]


@pytest.mark.parametrize("fault", ["no ranges", "elsewhere"])
def test_a_server_without_ranges_sends_all_again(server, tmp_path, fault):
    server.faults = iter([("cut", 300_000), (fault,)])
    get(server, tmp_path / "set.zip")
    assert (tmp_path / "set.zip").read_bytes() == BYTES


def test_a_part_that_is_whole_already_is_only_proved(server, tmp_path):
    (tmp_path / "set.zip.part").write_bytes(BYTES)
    (tmp_path / "set.zip.part.json").write_text(json.dumps({"url": server.url, "version": '"one"'}))
    get(server, tmp_path / "set.zip")
    assert server.asked == [f"bytes={len(BYTES)}-"]
    assert names(tmp_path) == ["set.zip"]


@pytest.mark.parametrize("table", ["", "[]", "{", '{"url": "http://elsewhere/"}'])
def test_a_part_of_something_else_is_not_gone_on_with(server, tmp_path, table):
    (tmp_path / "set.zip.part").write_bytes(b"something else")
    (tmp_path / "set.zip.part.json").write_text(table)
    get(server, tmp_path / "set.zip")
    assert server.asked == [""]
    assert (tmp_path / "set.zip").read_bytes() == BYTES


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ([("code", 404)], "answers 404 Not Found; see whether the file has moved, or get it by"),
        ([("code", 403)], "answers 403"),
        ([("page",)], "sends a web page, not the file"),
        ([("code", 503)] * 3, "answers 503"),
    ],
)
def test_refusals_say_what_to_do_by_hand(server, tmp_path, faults, said):
    server.faults = iter(faults)
    with pytest.raises(InputError, match=said) as caught:
        get(server, tmp_path / "set.zip")
    assert "get it by hand" in str(caught.value)
    assert len(server.asked) == len(faults)


def test_a_busy_server_is_asked_again(server, tmp_path):
    server.faults = iter([("code", 503), ("code", 429)])
    get(server, tmp_path / "set.zip")
    assert len(server.asked) == 3


def test_no_server_at_all(tmp_path):
    with pytest.raises(InputError, match="refuses the connection"):
        download("http://127.0.0.1:9/x", tmp_path / "x", **QUICK)
    with pytest.raises(UsageError, match="not an address"):
        download("ftp://example.org/x", tmp_path / "x", **QUICK)


def test_a_full_disk_is_seen_before_it_is_full(server, tmp_path, monkeypatch):
    free = types.SimpleNamespace(free=1000)
    monkeypatch.setattr(fetch_http.shutil, "disk_usage", lambda _: free)
    with pytest.raises(InputError, match="700,000 bytes are to come and 1,000 are free"):
        get(server, tmp_path / "set.zip")


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(cuts=st.lists(st.integers(fetch_http.ENOUGH, 400_000), max_size=5))
def test_however_it_is_cut_the_bytes_are_the_same(server, tmp_path, cuts):
    server.faults = iter([("cut", cut) for cut in cuts])
    get(server, tmp_path / "set.zip")
    assert (tmp_path / "set.zip").read_bytes() == BYTES


@pytest.fixture
def emnist(server, monkeypatch):
    """EMNIST's entry with another checksum: half a gigabyte would take too long."""
    import dataclasses

    known = fetch_sets.SETS["emnist"]
    changed = dataclasses.replace(known, md5=MD5, url=server.url)
    monkeypatch.setattr(fetch_sets, "SETS", {**fetch_sets.SETS, "emnist": changed})
    return known


def test_a_set_is_downloaded_once_and_kept_in_the_cache(server, emnist, tmp_path, monkeypatch):
    monkeypatch.setenv("MATH_VISION_CACHE", str(tmp_path))
    done = fetch("emnist", **QUICK)
    assert done.fresh
    assert done.path == tmp_path / "downloads" / "emnist.zip"
    assert done.path.read_bytes() == BYTES
    assert done.source == f"--source emnist={done.path}"
    assert not fetch("emnist", **QUICK).fresh
    assert len(server.asked) == 1
    assert names(tmp_path / "downloads") == ["emnist.zip"]


def test_a_file_of_the_users_is_not_written_over(server, emnist, tmp_path):
    (tmp_path / "emnist.zip").write_text("mine")
    with pytest.raises(InputError, match=r"emnist\.zip: has the MD5 .* remove it or give another"):
        fetch("emnist", tmp_path, **QUICK)
    assert (tmp_path / "emnist.zip").read_text() == "mine"
    assert server.asked == []


def test_the_address_and_checksum_of_emnist_are_the_published_ones():
    emnist = fetch_sets.SETS["emnist"]
    assert emnist.url == "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    assert emnist.md5 == "58c8d27c78d21e728a6bc7b3cc06412e"


def archive(*members, link=None):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as packed:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
        if link:
            info = tarfile.TarInfo(link)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            packed.addfile(info)
    return data.getvalue()


def real_symbols(real_data):
    with zipfile.ZipFile(real_data / "math-symbols.zip") as packed:
        for name in packed.namelist()[::200]:
            code, picture = Path(name).parts[-2:]
            yield f"curated/{code}/{picture}", packed.read(name)


def test_symbols_become_a_source_that_reads(server, real_data, tmp_path):
    members = list(real_symbols(real_data))
    picture = members[0][1]
    others = [
        ("curated/65/a.png", picture),
        ("curated/33/._a.png", b"\0"),
        ("../../33/out.png", picture),
        ("curated/readme.txt", b"hello"),
    ]
    server.content = archive(*members, *others, link="curated/33/link.png")
    done = fetch("math-symbols", tmp_path, server.url, **QUICK)
    assert names(tmp_path) == ["math-symbols.zip"]
    with zipfile.ZipFile(done.path) as packed:
        inside = {name: packed.read(name) for name in packed.namelist()}
    expected = {name.replace("curated", "math-symbols"): content for name, content in members}
    assert inside == expected | {"math-symbols/33/out.png": picture}
    assert hashlib.sha256(done.path.read_bytes()).hexdigest() in done.proof
    rows = [row for chunk in Folder(done.path, load()).index() for row in chunk.rows]
    assert len(rows) == len(inside)
    assert not fetch("math-symbols", tmp_path, server.url, **QUICK).fresh


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archive(("a/33/1.png", BYTES[:9999]))[:5000], "cut off or broken"),
        (b"PK no archive at all", "cut off or broken"),
        (archive(("a/readme.txt", b"hello")), "holds no folder of a symbol"),
    ],
)
def test_a_broken_archive_is_refused_and_removed(server, tmp_path, content, said):
    server.content = content
    with pytest.raises(InputError, match=f"{said}.*it was removed.*--source symbols=curated"):
        fetch("math-symbols", tmp_path, server.url, **QUICK)
    assert names(tmp_path) == []


def test_a_damaged_zip_of_symbols_is_named(server, tmp_path):
    server.content = archive(("a/33/1.png", BYTES[:9999]))
    path = fetch("math-symbols", tmp_path, server.url, **QUICK).path
    data = bytearray(path.read_bytes())
    data[5000] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"math-symbols\.zip: damaged"):
        fetch("math-symbols", tmp_path, server.url, **QUICK)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("emnst",), "there are emnist, math-symbols, operators; did you mean 'emnist'"),
        (("operators", None, "http://x/"), "comes from Kaggle"),
        (("emnist", None, None, 0), "timeout"),
    ],
)
def test_wrong_arguments(arguments, said):
    with pytest.raises(UsageError, match=said):
        fetch(*arguments)


class NoLoginError(Exception):
    def __init__(self):
        super().__init__("403 Client Error")
        self.response = types.SimpleNamespace(status_code=403)


@pytest.fixture
def kaggle(monkeypatch, tmp_path):
    """A stand-in for kagglehub, which needs Kaggle; `result` is what a download gives."""
    hub = types.ModuleType("kagglehub")
    hub.exceptions = types.ModuleType("kagglehub.exceptions")
    hub.exceptions.NoLoginError = NoLoginError
    hub.result = tmp_path / "kaggle"
    hub.asked = []

    def dataset_download(handle):
        import os

        hub.asked.append((handle, os.environ.get("KAGGLEHUB_CACHE")))
        if isinstance(hub.result, Exception):
            raise hub.result
        return str(hub.result)

    hub.dataset_download = dataset_download
    monkeypatch.setitem(sys.modules, "kagglehub", hub)
    monkeypatch.setitem(sys.modules, "kagglehub.exceptions", hub.exceptions)
    monkeypatch.delenv("KAGGLEHUB_CACHE", raising=False)
    return hub


def test_kaggles_set_is_found_where_its_classes_are(kaggle, tmp_path):
    (kaggle.result / "extracted_images" / "+").mkdir(parents=True)
    (kaggle.result / "extracted_images" / "+" / "1.jpg").write_bytes(b"\xff\xd8")
    done = fetch("operators", tmp_path / "here")
    assert done.path == kaggle.result / "extracted_images"
    assert kaggle.asked == [("xainano/handwrittenmathsymbols", str(tmp_path / "here"))]
    fetch("operators")
    assert kaggle.asked[1][1] is None


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (NoLoginError(), "log in"),
        (ConnectionError("no route"), "Kaggle can't be reached"),
        (TimeoutError(), "Kaggle sends nothing"),
        (ValueError("Invalid Kaggle\ncredentials file"), "Invalid Kaggle credentials file"),
    ],
)
def test_what_kaggle_refuses_can_be_got_by_hand(kaggle, problem, said):
    kaggle.result = problem
    with pytest.raises(InputError, match=said) as caught:
        fetch("operators")
    assert "press Download" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_rar_archive_is_left_to_the_user_with_the_command(kaggle):
    kaggle.result.mkdir()
    (kaggle.result / "data.rar").write_bytes(b"Rar!")
    with pytest.raises(InputError, match=r"data\.rar: a RAR archive.*--source operators="):
        fetch("operators")


def test_without_kagglehub_a_sentence_says_both_ways(monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(InputError, match=r"pip install kagglehub, or log in at https://www\.kagg"):
        fetch("operators")


def test_the_command_says_what_to_do_next(server, tmp_path):
    from typer.testing import CliRunner

    from datagen import console
    from datagen.cli import app

    server.content = archive(("a/33/1.png", BYTES[:9999]))
    done = CliRunner().invoke(
        app, ["fetch", "math-symbols", "--to", str(tmp_path), "--url", server.url]
    )
    console.show(False)
    assert done.exit_code == 0, done.output
    assert f"--source symbols={tmp_path / 'math-symbols.zip'}" in done.output
    assert "licence" in done.output
