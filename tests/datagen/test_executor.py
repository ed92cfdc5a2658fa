import os
import signal
from pathlib import Path

import pytest

from datagen.errors import InputError
from datagen.executor import Executor

offset = 0


def set_up(value):
    global offset
    offset = value


def add(task):
    return task + offset


def die_once(path):
    """Kill the worker the first time, as the system does when memory runs out."""
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(task):
    raise InputError(f"task {task} is wrong")


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_tasks(workers):
    with Executor(add, workers, set_up, (100,)) as executor:
        done = list(executor.run(range(50)))
        assert done == [(n, n + 100) for n in range(50)]
        assert list(executor.run([])) == []


def test_a_worker_that_dies_is_replaced(tmp_path):
    paths = [tmp_path / name for name in ("a", "b")]
    with Executor(die_once, 2) as executor:
        assert [name for _, name in executor.run(paths)] == ["a", "b"]


def test_work_that_kills_every_worker_stops_with_a_sentence():
    with (
        pytest.raises(InputError, match="a worker process died 3 times"),
        Executor(die, 2) as executor,
    ):
        list(executor.run([Path()]))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_arrives_whole(workers):
    with (
        pytest.raises(InputError, match="task 3 is wrong"),
        Executor(refuse, workers) as executor,
    ):
        list(executor.run([3]))
