import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scratch_dataset import write_dataset
from typer.testing import CliRunner

from datagen import console, weights
from datagen.errors import InputError, UsageError
from trainer.cli import app
from trainer.strategy import check_shares, open_strategy, share_training, shares

PROGRAM = Path(__file__).with_name("several_devices.py")
JOBS = {
    "going on": ("go_on",),
    "compact": ("agree", '"compact"', "1", "false"),
    "quick": ("agree", '"quick"', "2", "true"),
    "split": ("split",),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory, table, splits):
    """97 records to train on and 35 to validate on: neither is a multiple of anything here."""
    amounts = {"train": 97, "validation": 35}
    chosen = {name: tuple(part[:n] for part in splits[name]) for name, n in amounts.items()}
    folder = write_dataset(
        tmp_path_factory.mktemp("data") / "small", table, chosen, size=32, shards={"train": 3}
    )
    counts = np.arange(1, len(table) + 1) * 10
    text = weights.table(table, counts)
    (folder / "manifests" / weights.FILE).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def found(small, tmp_path_factory):
    """Gives what a function found on two devices; all of them run beside each other."""
    out = tmp_path_factory.mktemp("devices")

    def run(name):
        function, *more = JOBS[name]
        command = [sys.executable, "-W", "error::UserWarning", str(PROGRAM), function, str(small)]
        return subprocess.run(
            [*command, str(out / name), *more], capture_output=True, text=True, check=False
        )

    with ThreadPoolExecutor(2) as pool:
        running = {name: pool.submit(run, name) for name in JOBS}

        def result(name):
            done = running[name].result()
            assert done.returncode == 0, done.stderr[-3000:]
            return json.loads(done.stdout)

        yield result


def test_each_device_gets_its_share_and_nothing_is_lost_or_repeated(found):
    for source in found("split")["shares"]:
        assert len(source["training"]) == 6  # two epochs of 97 // 32
        for whole, parts in zip(source["training"], source["training shared"], strict=True):
            assert [len(part) for part in parts] == [16, 16]
            assert list(chain(*parts)) == whole
        once = list(chain(*source["validation"]))
        assert len(once) == 35
        # Two rounds, as in two epochs: each gives each record once, the odd one too.
        assert list(chain(*chain(*source["validation shared"]))) == 2 * once
        assert all(all(parts) for parts in source["validation shared"])


@pytest.mark.parametrize("network", ["quick", "compact"])
def test_several_devices_compute_what_one_does(found, network):
    said = found(network)
    assert said["largest gradient"] > 0.01
    assert said["gradient"] < 1e-12
    assert said["weights"] < 1e-9
    one, two = (np.array(rows) for rows in said["history"])
    assert one == pytest.approx(two, abs=1e-9, nan_ok=True)  # one of them validates nothing
    assert said["same layers"]  # nothing of several devices is in the model file


def test_a_run_on_several_devices_goes_on_and_ends_in_the_same_weights(found):
    said = found("going on")
    assert said["place"] == [1, 1]  # it was killed after the first of two steps
    # What each device has summed up of the loss is kept as one sum: its last digit may differ.
    whole, resumed = ([row.split(",") for row in text.split()[1:]] for text in said["history"])
    assert np.array(resumed, float) == pytest.approx(np.array(whole, float), rel=1e-6)
    assert said["metrics"][0] == said["metrics"][1]
    assert all(said["same"])
    rows = [row.split(",") for row in said["history"][0].split()]
    rates = [row[rows[0].index("learning_rate")] for row in rows[1:]]
    assert len(set(rates)) > 1  # the plateau's counter ran out
    assert len(rates) < 12  # and the patience
    assert "is a run with devices 2, not 1" in said["refusal"]
    assert "training diverged: the loss became nan" in said["diverged"]
    # The first stage's five arrays were frozen.
    assert said["tuned"] == [False] * 5 + [True] * (len(said["tuned"]) - 5)


def test_each_device_drops_something_else(found):
    said = found("split")["dropout"]
    assert said["masks"][0] != said["masks"][1]
    assert said["states"] == [[7, 0], [7, 1]]  # what is kept is the first device's


@given(st.integers(1, 9), st.integers(1, 200), st.integers(0, 2000))
def test_shares_are_never_empty_and_add_up(devices, batch, more):
    count = 2 * devices + more
    sizes = shares(count, batch, devices)
    assert sum(sizes) == count
    assert len(sizes) % devices == 0
    assert min(sizes) > 0
    assert max(sizes) <= max(1, batch // devices) + 1
    assert len(set(sizes[:devices])) == 1


@given(st.integers(2, 9), st.integers(1, 500))
def test_a_batch_that_can_not_be_shared_equally_is_refused(devices, batch):
    if batch % devices == 0:
        check_shares(devices, batch, 0)
        return
    with pytest.raises(UsageError, match=rf"batch \(={batch}\) must be a multiple of") as caught:
        check_shares(devices, batch, 0)
    check_shares(devices, int(str(caught.value).split()[-1]), 0)


def test_too_little_to_validate_on_is_refused():
    with pytest.raises(InputError, match="3 records, too few for 2 devices"):
        check_shares(2, 32, 3)
    check_shares(1, 33, 1)


def test_a_single_device_is_said_and_used(monkeypatch):
    notes = []
    monkeypatch.setattr(console, "note", notes.append)
    strategy = open_strategy("mirrored")
    assert strategy.num_replicas_in_sync == 1
    assert len(notes) == 1
    assert "this machine has one device" in notes[0]
    batches = object()
    assert share_training(strategy, batches, 33) is batches


@pytest.mark.parametrize("command", [("fit",), ("finetune", "handwriting")])
@pytest.mark.parametrize(
    ("name", "cluster", "message"),
    [
        ("mirored", "", "strategy (='mirored') must be none or mirrored; did you mean 'mirrored'"),
        ("mirrored", '{"cluster": {"worker": ["a:1", "b:1"]}}', "TF_CONFIG names 2 machines"),
        ("mirrored", "{", "TF_CONFIG can't be read"),
    ],
)
def test_what_can_not_be_is_one_sentence(small, tmp_path, command, name, cluster, message):
    runner = CliRunner(env={"COLUMNS": "400", "TF_CONFIG": cluster})
    arguments = [*command, str(small), "--out", str(tmp_path / "run"), "--strategy", name]
    done = runner.invoke(app, arguments)
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert not (tmp_path / "run").exists()
