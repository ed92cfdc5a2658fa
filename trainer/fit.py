"""Train a new model from a preset."""

from pathlib import Path
from typing import Any

from datagen import __version__
from trainer import model as networks
from trainer.data import View
from trainer.dataset import open_dataset
from trainer.job import Job
from trainer.model_file import Metadata
from trainer.presets import preset as find_preset
from trainer.strategy import open_strategy
from trainer.train import Run, train


def fit(
    dataset: str | Path,
    out: str | Path,
    preset: str = "compact",
    *,
    epochs: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    class_weights: str | None = None,
    seed: int = 0,
    deterministic: bool = False,
    strategy: str = "none",
) -> Run:
    """Train a model on a dataset's ``train`` split, choosing the best epoch by ``validation``.

    Writes ``model.keras``, ``history.csv``, ``metrics.json``, ``run.json`` and ``tensorboard/``.
    The same call goes on where one was stopped, at the last checkpoint: there is one after every
    epoch, and one every five minutes within an epoch. Where the run is finished it does nothing.
    Without a validation split the training result decides.

    With one seed the initial weights, the batches and their augmentation are the same every time,
    stopped and resumed or not. The arithmetic is the same too on one machine with one number of
    cores, on a GPU only with `deterministic`; other machines and GPUs round differently, and
    training magnifies that.

    Args:
        dataset: Folder written by ``datagen build``.
        out: Folder of the run.
        preset: A name in `trainer.presets.PRESETS`.
        epochs: Most epochs; None for the preset's.
        batch: Pictures a step; None for the preset's.
        learning_rate: Peak learning rate; None for the preset's.
        class_weights: ``none``, ``effective`` or ``focal``; None for the preset's.
        seed: Seed of everything random, from 0.
        deterministic: Use only operations that give the same bits every time; TensorFlow then
            keeps to them for the rest of the process.
        strategy: ``mirrored`` to train on all GPUs of this machine together; ``none`` for one
            device.

    Several devices share every batch, and the result is that of one device on the same batches up
    to rounding, dropout aside. A run goes on only on as many devices as it began on.

    Returns:
        The finished run.

    Raises:
        UsageError: An option is wrong, or `out` is a run of something else.
        InputError: The dataset can't be used, or training diverged.
    """
    chosen = find_preset(
        preset,
        epochs=epochs,
        batch=batch,
        learning_rate=learning_rate,
        class_weights=class_weights,
    )
    mirror = open_strategy(strategy)
    source = open_dataset(dataset)
    classes = len(source.characters)

    def start() -> Any:
        return networks.build(chosen.network, chosen.size, classes, chosen.dropout)

    metadata = Metadata(
        version=__version__,
        preset=preset,
        size=chosen.size,
        frame_size=source.size,
        frame=source.frame,
        characters=source.characters.to_csv(),
        parameters=0,
        dataset=source.name,
        dataset_digest=source.digest,
    )
    view = View(chosen.size, classes, range(classes))
    job = Job(source, preset, chosen, seed, view, metadata, {}, deterministic, mirror)
    return train(job, out, start)
