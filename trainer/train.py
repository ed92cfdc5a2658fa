"""The training loop that `fit` and `finetune` share."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras

from datagen import __version__, console
from datagen.errors import InputError, UsageError
from trainer import data
from trainer.calibrate import calibrate
from trainer.callbacks import STATE_MEMBER, Averaging, Checkpoint, Progress
from trainer.dataset import Dataset, reading
from trainer.model_file import Metadata, load_archive, read_member
from trainer.optimize import compile_model, loggers, rememberers, restore
from trainer.presets import Preset
from trainer.runfolder import RunFolder, open_run, read_json, trim_history, write_json
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


@dataclass(frozen=True, slots=True)
class Job:
    """What is trained on what.

    Attributes:
        dataset: The data; its splits ``train`` and, if there is one, ``validation`` are used.
        preset_name: Name of the preset.
        preset: The preset with its overrides.
        seed: Seed of everything random.
        view: How the model sees the dataset.
        metadata: What the model file will say, the number of parameters aside.
        identity: What further makes two runs different ones, as JSON values.
    """

    dataset: Dataset
    preset_name: str
    preset: Preset
    seed: int
    view: data.View
    metadata: Metadata
    identity: dict[str, Any]


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
    if not 0 <= job.seed < 1 << 31:
        raise UsageError(f"seed (={job.seed}) must be from 0 to {(1 << 31) - 1}")
    run = open_run(out, _identity(job))
    if run.metrics.exists():
        return Run(run.folder, run.model, read_json(run.metrics), trained=False)
    keras.utils.set_random_seed(job.seed)
    state = read_member(run.state, STATE_MEMBER) if run.state.exists() else {}
    if state:
        console.note(f"going on after epoch {state['done']} in {run.folder}")
        model = load_archive(run.state)
    else:
        model = start()
    weights = class_weights(job.dataset, job.view, job.preset.class_weights)
    alpha = weights.tolist() if weights is not None and _focal(job) else None
    compile_model(model, job.preset, _steps(job), alpha)
    if state:
        restore(model, run.state, state["random"])
    metadata = replace(job.metadata, parameters=model.count_params())
    trim_history(run.history, state.get("done", 0))
    metrics = _loop(replace(job, metadata=metadata), run, model, state)
    write_json(run.metrics, {**metrics, **calibrate(run.model, job.dataset)})
    run.state.unlink()
    return Run(run.folder, run.model, read_json(run.metrics), trained=True)


def _loop(job: Job, run: RunFolder, model: Any, state: dict[str, Any]) -> dict[str, Any]:
    preset, done = job.preset, int(state.get("done", 0))
    epochs = range(done, done if state.get("stopped") else preset.epochs)
    validated = job.dataset.count("validation") > 0
    monitor = f"val_{preset.monitor}" if validated else preset.monitor
    progress = Progress(_batch(job), _steps(job), preset.epochs)
    others = rememberers(preset, monitor)
    checkpoint = Checkpoint(
        run, job.metadata, monitor=monitor, progress=progress, others=others, state=state
    )
    logs = loggers(run)
    try:
        if epochs:
            _fit(job, model, epochs, [Averaging(), progress, *others, *logs, checkpoint])
    except BaseException as error:
        for callback in (progress, *logs):
            callback.on_train_end()
        if not isinstance(error, KeyboardInterrupt):
            raise
        raise KeyboardInterrupt(
            f"{checkpoint.done} finished epochs are kept in {run.folder}; "
            "run the same command again to go on"
        ) from error
    return _metrics(job, checkpoint, progress, monitor)


def _fit(job: Job, model: Any, epochs: range, callbacks: list[Any]) -> None:
    _say_sizes(job)
    batch = job.preset.batch
    batches, steps = data.training(
        job.dataset,
        job.view,
        batch=batch,
        augmentation=job.preset.augmentation,
        seed=job.seed,
        epochs=epochs,
    )
    validation = None
    if job.dataset.count("validation"):
        validation = data.validation(job.dataset, job.view, "validation", batch)
    with reading(job.dataset):
        model.fit(
            batches,
            steps_per_epoch=steps,
            initial_epoch=epochs.start,
            epochs=epochs.stop,
            validation_data=validation,
            callbacks=callbacks,
            class_weight=_class_weight(job),
            shuffle=False,
            verbose=0,
        )


def _focal(job: Job) -> bool:
    return job.preset.class_weights == "focal"


def _class_weight(job: Job) -> dict[int, float] | None:
    """What each sample counts by its class, as Keras wants it."""
    weights = class_weights(job.dataset, job.view, job.preset.class_weights)
    return None if weights is None or _focal(job) else dict(enumerate(weights.tolist()))


def _metrics(job: Job, checkpoint: Checkpoint, progress: Progress, monitor: str) -> dict[str, Any]:
    return {
        "version": __version__,
        "preset": job.preset_name,
        "dataset": job.dataset.name,
        "train_images": job.dataset.count("train"),
        "validation_images": job.dataset.count("validation"),
        "classes": job.view.classes,
        "parameters": job.metadata.parameters,
        "epochs": checkpoint.done,
        "best_epoch": checkpoint.best_epoch,
        monitor: checkpoint.best,
        "seconds": round(progress.seconds, 1),
        "images_per_second": round(progress.images / max(progress.seconds, 1e-9), 1),
    }


def _identity(job: Job) -> dict[str, Any]:
    return {
        "dataset": job.dataset.name,
        "dataset_digest": job.dataset.digest,
        "preset": job.preset_name,
        "seed": job.seed,
        **asdict(job.preset),
        **job.identity,
    }


def _batch(job: Job) -> int:
    return min(job.preset.batch, job.dataset.count("train"))


def _steps(job: Job) -> int:
    return job.dataset.count("train") // _batch(job)


def _say_sizes(job: Job) -> None:
    if job.dataset.size != job.view.size:
        console.note(
            f"the dataset's {job.dataset.size} px pictures are resized to the "
            f"{job.view.size} px that the network takes"
        )
    if not job.dataset.count("validation"):
        console.note("no validation split: the best epoch is chosen by its training result")
