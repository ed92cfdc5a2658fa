import os
import signal

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
    if path.parent.name == "frail" and not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def die(task):
    """Kill the worker if the task is 3; the others of its time are innocent."""
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def refuse(task):
    raise InputError(f"task {task} is wrong")


def fail_at_first(path):
    count = len(list(path.iterdir()))
    (path / str(count)).touch()
    if count < 2:
        raise MemoryError(f"attempt {count}")
    return count


def fill(task):
    raise OSError(28, "No space left on device", str(task))


def fail(task):
    return {}[task]


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_tasks(workers):
    with Executor(add, workers, set_up, (100,)) as executor:
        done = list(executor.run(range(50)))
        assert done == [(n, n + 100) for n in range(50)]
        assert list(executor.run([])) == []


def test_a_worker_that_dies_is_replaced(tmp_path):
    (tmp_path / "frail").mkdir()
    paths = [tmp_path / "frail" / "a", tmp_path / "b", tmp_path / "frail" / "c"]
    with Executor(die_once, 2) as executor:
        assert [name for _, name in executor.run(paths)] == ["a", "b", "c"]


def test_work_that_kills_every_worker_is_named_and_none_of_the_others():
    with (
        pytest.raises(InputError, match="task 3 failed 3 times: its process was killed by SIGKILL"),
        Executor(die, 2, describe=lambda task: f"task {task}") as executor,
    ):
        list(executor.run(range(8)))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_task_arrives_whole(workers):
    with (
        pytest.raises(InputError, match="task 3 is wrong"),
        Executor(refuse, workers) as executor,
    ):
        list(executor.run([3]))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_fails_is_tried_three_times(workers, tmp_path):
    with Executor(fail_at_first, workers) as executor:
        assert [result for _, result in executor.run([tmp_path])] == [2]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_always_fails_stops_with_its_cause(workers):
    with (
        pytest.raises(InputError, match="task x failed 3 times: KeyError: 'x'"),
        Executor(fail, workers, describe=lambda task: f"task {task}") as executor,
    ):
        list(executor.run(["x"]))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_full_disk_is_not_tried_again(workers):
    with (
        pytest.raises(OSError, match="No space left on device: 'shard'"),
        Executor(fill, workers) as executor,
    ):
        list(executor.run(["shard"]))


def test_a_run_that_was_left_leaves_nothing_for_the_next():
    with Executor(add, 2, set_up, (0,)) as executor:
        assert next(iter(executor.run(range(100)))) == (0, 0)
        assert list(executor.run([7, 8])) == [(7, 7), (8, 8)]
