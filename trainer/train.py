"""The training loop that `fit` and `finetune` share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen import __version__, console
from datagen.errors import InputError
from trainer import data
from trainer.calibrate import calibrate
from trainer.callbacks import Averaging, Divergence, Progress
from trainer.checkpoint import Checkpoint, State, read_state
from trainer.dataset import reading
from trainer.determinism import seed_all
from trainer.job import Job
from trainer.model_file import Metadata
from trainer.optimize import compile_model, generators, loggers, rememberers, restore
from trainer.runfolder import (
    RunFolder,
    clear,
    find_run,
    read_epoch,
    read_json,
    trim_history,
    working,
    write_json,
)
from trainer.strategy import check_shares, share_training, share_validation, synchronize, vary
from trainer.weights import class_weights


@dataclass(frozen=True, slots=True)
class Run:
    """A finished training run.

    Attributes:
        folder: Where it lies.
        model: Its best model.
        metrics: What ``metrics.json`` holds.
        trained: False where the run was finished before and nothing was done.
    """

    folder: Path
    model: Path
    metrics: dict[str, Any]
    trained: bool


def train(job: Job, out: str | Path, start: Callable[[], Any]) -> Run:
    """Train a model in the folder `out`, or go on with the training there.

    Args:
        job: What to train on what.
        out: Folder of the run.
        start: Makes the untrained model, where the run is a new one.

    Raises:
        InputError: The dataset or the folder is unusable, or training diverged.
        KeyboardInterrupt: Stopped by Ctrl-C; the message says how to go on.
    """
    if not job.dataset.count("train"):
        raise InputError(f"{job.dataset.folder} has no train split with records to train on")
    check_shares(job.devices, job.batch, job.dataset.count("validation"))
    seed_all(job.seed, job.deterministic)
    run = find_run(out, job.identity)
    trained = not run.metrics.exists()
    if trained:
        with working(run, job.identity):
            with job.strategy.scope():
                metrics = _train(job, run, start)
                while metrics is None:
                    metrics = _train(job, run, start)
            write_json(run.metrics, {**metrics, **calibrate(run.model, job.dataset)})
    clear(run)
    return Run(run.folder, run.model, read_json(run.metrics), trained)


def _train(job: Job, run: RunFolder, start: Callable[[], Any]) -> dict[str, Any] | None:
    """Train to the end; or, where an epoch was left in the middle, to the end of that one: None.

    What follows then starts from that epoch's checkpoint, like every other run that goes on.
    """
    state, model = read_state(run)
    if model is None:
        model = start()
        _say_sizes(job)
    else:
        _say_where(state, run)
    weights = _weights(job)
    alpha = weights.tolist() if weights is not None and job.focal else None
    synchronize(model, job.devices)
    compile_model(model, job.preset, job.steps, alpha)
    if state != State():
        restore(model, run.state, state.random)
    vary(job.strategy, generators(model))
    trim_history(run.history, state.done)
    metadata = replace(job.metadata, parameters=model.count_params())
    progress = Progress(job.batch, job.steps, job.preset.epochs)
    others = rememberers(job.preset, job.monitor)
    checkpoint = Checkpoint(
        run, metadata, state, monitor=job.monitor, steps=job.steps, progress=progress, others=others
    )
    checkpoint.keep(model)
    end = state.done + 1 if state.step else job.preset.epochs
    if not state.stopped and state.done < end:
        callbacks = [Averaging(), progress, _divergence(job, state.step), *others, *loggers(run)]
        epochs = range(state.done, end)
        with _ending(run, callbacks, checkpoint):
            _fit(job, model, epochs, state.step, [*callbacks, checkpoint])
    return None if state.step else _metrics(job, run, metadata, checkpoint.state)


def _fit(job: Job, model: Any, epochs: range, first: int, callbacks: list[Any]) -> None:
    batches, steps = data.training(
        job.dataset,
        job.view,
        batch=job.batch,
        augmentation=job.preset.augmentation,
        seed=job.seed,
        epochs=epochs,
        first=first,
        outliers=job.outliers,
        weights=None if job.focal else _weights(job),
    )
    validation, checks = None, None
    if count := job.dataset.count("validation"):
        validation = data.validation(job.dataset, job.view, "validation", job.preset.batch)
        validation, checks = share_validation(job.strategy, validation, count, job.preset.batch)
    with reading(job.dataset):
        model.fit(
            share_training(job.strategy, batches, job.shown),
            steps_per_epoch=steps - first,
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            validation_data=validation,
            validation_steps=checks,
            callbacks=callbacks,
            shuffle=False,
            verbose=0,
        )


@contextmanager
def _ending(run: RunFolder, callbacks: list[Any], checkpoint: Checkpoint) -> Iterator[None]:
    """End the callbacks where training is broken off, and say what is kept of it."""
    try:
        yield
    except BaseException as error:
        for callback in callbacks:
            callback.on_train_end()
        if not isinstance(error, KeyboardInterrupt):
            raise
        kept = checkpoint.state
        steps = f" and {kept.step} steps of the next" if kept.step else ""
        raise KeyboardInterrupt(
            f"{kept.done} finished epochs{steps} are kept in {run.folder}; "
            "run the same command again to go on"
        ) from error


def _divergence(job: Job, first: int) -> Divergence:
    def shown(epoch: int, step: int) -> list[str]:
        return data.shown(job.dataset, batch=job.batch, seed=job.seed, epoch=epoch, step=step)

    return Divergence(job.dataset.folder, first, shown)


def _weights(job: Job) -> NDArray[np.float32] | None:
    return class_weights(job.dataset, job.view, job.preset.class_weights)


def _metrics(job: Job, run: RunFolder, metadata: Metadata, state: State) -> dict[str, Any]:
    prefix = "val_" if job.monitor.startswith("val_") else ""
    best = read_epoch(run.history, state.best_epoch)
    keys = [key for key in (f"{prefix}accuracy", f"{prefix}loss") if key in best]
    return {
        "version": __version__,
        "preset": job.preset_name,
        "dataset": job.dataset.name,
        "train_images": job.dataset.count("train"),
        "validation_images": job.dataset.count("validation"),
        "classes": job.view.classes,
        "parameters": metadata.parameters,
        "epochs": state.done,
        "best_epoch": state.best_epoch,
        **{key: float(best[key]) for key in keys},
        job.monitor: state.best,
        "seconds": round(state.seconds, 1),
        "images_per_second": round(state.images / max(state.seconds, 1e-9), 1),
    }


def _say_where(state: State, run: RunFolder) -> None:
    steps = f" and {state.step} steps" if state.step else ""
    console.note(f"going on after epoch {state.done}{steps} in {run.folder}")


def _say_sizes(job: Job) -> None:
    if job.dataset.size != job.view.size:
        console.note(
            f"the dataset's {job.dataset.size} px pictures are resized to the "
            f"{job.view.size} px that the network takes"
        )
    if not job.dataset.count("validation"):
        console.note("no validation split: the best epoch is chosen by its training result")
