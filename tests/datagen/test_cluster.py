"""A build on a real cluster: a scheduler and two workers, each a process of its own."""

import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from test_build import hashes
from test_executor import add, die, fail, fail_at_first, refuse, set_up

from datagen import fitness
from datagen.build import build
from datagen.errors import InputError
from datagen.font_files import catalog

distributed = pytest.importorskip(
    "distributed", reason="Dask is not installed: pip install distributed"
)

from datagen.cluster import Cluster  # noqa: E402
from datagen.cluster_executor import ClusterExecutor  # noqa: E402

RECIPE = """
name = "small"
size = 16
characters = "{table}"
[train]
per_class = 60
[validation]
per_class = 5
[test]
per_class = 5
[shards]
records = 10
[splits]
validation = 0.25
test = 0.25
[sources.fonts]
kind = "fonts"
installed = false
folders = ["{fonts}"]
preset = "{pipeline}"
"""
TABLE = """label,codepoint,name,aliases,shape
0,U+0041,LATIN CAPITAL LETTER A,A,U+0041
1,U+0048,LATIN CAPITAL LETTER H,H,U+0048
"""
FAMILIES = {"abel", "arvo", "lato", "exo", "kalam", "lora", "jost", "dosis"}


class Machines:
    """A scheduler and workers that a test may kill."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.start("scheduler", "--host", "127.0.0.1", "--port", str(port))

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        paths = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        }
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        log = (self.folder / f"{arguments[0]}-{len(self.processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, env=environment
            )
        self.processes.append(process)
        return process

    def add(self, *names: str) -> None:
        place = ("--nthreads", "1", "--no-nanny", "--local-directory", str(self.folder))
        for name in names:
            self.workers[name] = self.start("worker", self.address, "--name", name, *place)

    def settle(self, client) -> None:
        """Wait until exactly the workers that live are known."""
        wait_until(lambda: names(client) == set(self.workers))

    def kill(self, name: str) -> None:
        process = self.workers.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def wait_until(true, seconds=300):
    """Wait for what other processes do; the limit is only there to end a test that hangs."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def names(client):
    return {str(w["name"]) for w in client.scheduler_info(n_workers=-1)["workers"].values()}


def busy(client, name):
    """Whether the scheduler has given a worker something to do."""
    found = client.scheduler_info(n_workers=-1)["workers"]
    addresses = [address for address, worker in found.items() if worker["name"] == name]
    return any(client.processing().get(address) for address in addresses)


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    machines = Machines(tmp_path_factory.mktemp("machines"))
    machines.add("one", "two")
    yield machines
    machines.stop()


@pytest.fixture
def client(machines):
    with distributed.Client(machines.address, timeout=120, set_as_default=False) as client:
        machines.add(*({"one", "two"} - set(machines.workers)))
        machines.settle(client)
        yield client


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recipe")
    fonts = folder / "fonts"
    fonts.mkdir()
    for family in catalog():
        if family.slug in FAMILIES and family.folder:
            smallest = min(family.folder.iterdir(), key=lambda p: (p.stat().st_size, p.name))
            shutil.copy(smallest, fonts)
    (folder / "table.csv").write_text(TABLE)
    pipeline = folder / "pipeline.toml"
    pipeline.write_text('[[transforms]]\nname = "Warp"\n')
    path = folder / "small.toml"
    text = RECIPE.format(table=folder / "table.csv", fonts=fonts, pipeline=pipeline)
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def local(recipe, tmp_path_factory):
    return hashes(build(recipe, tmp_path_factory.mktemp("local") / "out", workers=1).folder)


def test_a_worker_that_is_killed_changes_no_byte(machines, client, recipe, local, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "datagen.cli", "build", str(recipe), "--out", str(out)]
    process = subprocess.Popen([*command, "--scheduler", machines.address, "--quiet"])
    wait_until(lambda: list(out.glob("*.tfrecord-*")))
    # One that is stopped can't end its shard before it is killed.
    machines.workers["one"].send_signal(signal.SIGSTOP)
    wait_until(lambda: busy(client, "one") or process.poll() is not None)
    assert process.poll() is None
    machines.kill("one")
    assert process.wait() == 0
    assert hashes(out) == local


def test_a_cluster_writes_what_goes_into_a_store(machines, client, recipe, local):
    store = pytest.importorskip("fsspec").filesystem("memory")
    build(recipe, "memory://bucket/ds", workers=1, scheduler=machines.address)
    found = {p.removeprefix("/bucket/ds/"): store.cat_file(p) for p in store.find("/bucket/ds")}
    store.rm("/bucket", recursive=True)
    assert {p: hashlib.sha256(content).hexdigest() for p, content in found.items()} == local


def test_results_come_in_the_order_of_the_tasks(machines, client, tmp_path):
    with Cluster(machines.address, tmp_path) as cluster:
        executor = ClusterExecutor(cluster, add, (set_up, (100,)))
        with executor:
            assert next(executor.run(range(20))) == (0, 100)
            assert list(executor.run(range(9))) == [(n, n + 100) for n in range(9)]
        again = ClusterExecutor(cluster, add, (set_up, (7,)))
        with again:
            assert list(again.run([1])) == [(1, 8)]
    assert not list(tmp_path.rglob("*wanted*"))


def test_errors_of_tasks_arrive_as_they_do_from_processes(machines, client, tmp_path):
    def run(function, task):
        executor = ClusterExecutor(cluster, function, describe=lambda task: f"task {task}")
        with executor:
            return [result for _, result in executor.run([task])]

    with Cluster(machines.address, tmp_path) as cluster:
        with pytest.raises(InputError, match="task 3 is wrong"):
            run(refuse, 3)
        with pytest.raises(InputError, match="task x failed 3 times: KeyError: 'x'"):
            run(fail, "x")
        (tmp_path / "attempts").mkdir()
        assert run(fail_at_first, tmp_path / "attempts") == [2]


def test_work_that_kills_every_worker_is_named_and_none_of_the_others(machines, client, tmp_path):
    machines.add("three", "four")
    machines.settle(client)
    found = "task 3 failed 2 times: the workers that had it died"
    with (
        Cluster(machines.address, tmp_path) as cluster,
        pytest.raises(InputError, match=found),
        ClusterExecutor(cluster, die, describe=lambda task: f"task {task}") as executor,
    ):
        list(executor.run(range(8)))
    for name in [n for n, process in machines.workers.items() if process.poll() is not None]:
        del machines.workers[name]
    for name in set(machines.workers) - {"one", "two"}:
        machines.kill(name)


def test_a_worker_that_differs_is_refused_with_what_differs(
    machines, client, recipe, tmp_path, monkeypatch
):
    other = {**fitness.versions(), "FreeType": "1.0"}
    monkeypatch.setattr(fitness, "versions", lambda: other)
    differs = r"the worker tcp://\S+ has FreeType [\d.]+ instead of 1\.0; install the same"
    with pytest.raises(InputError, match=differs):
        build(recipe, tmp_path / "out", workers=1, scheduler=machines.address)
    assert not list((tmp_path / "out").glob("*.tfrecord-*"))


def test_fonts_are_known_by_their_hashes_wherever_they_lie(recipe, tmp_path):
    fonts = recipe.parent / "fonts"
    shutil.copytree(fonts, tmp_path / "moved")
    ticket = tmp_path / "ticket"
    files = {str(tmp_path / "gone" / p.name): fitness.sha256_of(p) for p in fonts.iterdir()}
    need = fitness.Wanted(ticket, fitness.versions(), files, [tmp_path / "moved"], False)
    assert "does not see" in fitness.problem(need)
    ticket.touch()
    assert fitness.problem(need) == ""
    assert {Path(p).parent.name for p in fitness.locate(need).values()} == {"moved"}
    lost = min((tmp_path / "moved").iterdir())
    lost.write_bytes(lost.read_bytes() + b"\0")
    found = f"lacks, or has others than here, the files {re.escape(lost.name)};"
    assert re.search(found, fitness.problem(replace(need)))


def test_no_scheduler_is_said_in_one_sentence(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr("datagen.cluster._CONNECT", 0.2)
    for address in ("tcp://127.0.0.1:1", "nonsense://x"):
        with pytest.raises(InputError, match=f"--scheduler {address}: no scheduler answers there"):
            build(recipe, tmp_path / "out", workers=1, scheduler=address)
    assert not (tmp_path / "out").exists()
