"""Train a finished model further, on other data, at a small learning rate."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

from datagen import __version__
from datagen.errors import UsageError
from trainer import model as networks
from trainer import presets
from trainer.data import View
from trainer.dataset import label_map, open_dataset
from trainer.determinism import seed_all
from trainer.job import Job
from trainer.model_file import load_model
from trainer.strategy import open_strategy
from trainer.train import Run, train

EPOCHS = 5
_WIDEN = 0.5  # of the pictures


def finetune(
    model: str | Path,
    dataset: str | Path,
    out: str | Path,
    *,
    learning_rate: float = 1e-5,
    freeze: int = 0,
    epochs: int = EPOCHS,
    batch: int | None = None,
    seed: int = 0,
    deterministic: bool = False,
    strategy: str = "none",
) -> Run:
    """Train a model further on a dataset; writes and resumes as `trainer.fit.fit` does.

    Everything is as in the model's preset but for two things: the learning rate warms up no more,
    and where the preset changes pictures at all, strokes grow wider in half of them, for real ones
    come from few pens. The model keeps its classes: the dataset's are matched to them by code
    point, and may be fewer.

    Args:
        model: A model file that `trainer` has written.
        dataset: Folder written by ``datagen build``.
        out: Folder of the new run.
        learning_rate: Learning rate at the start.
        freeze: Leading stages whose weights stay as they are; their batch normalisation keeps its
            statistics. 1 freezes the stem, 2 the first residual stage too, and so on.
        epochs: Most epochs.
        batch: Pictures a step; None for the preset's.
        seed: Seed of everything random, from 0.
        deterministic: Use only operations that give the same bits every time; TensorFlow then
            keeps to them for the rest of the process.
        strategy: ``mirrored`` to train on all GPUs of this machine together; ``none`` for one
            device.

    Returns:
        The finished run.

    Raises:
        UsageError: An option is wrong, or `out` is a run of something else.
        InputError: The model or the dataset can't be used, the dataset has a class that the model
            doesn't know, or training diverged.
    """
    source = open_dataset(dataset)
    seed_all(seed, deterministic)  # before the model is read: its dropout draws a seed then
    mirror = open_strategy(strategy)
    with mirror.scope():
        base, metadata = load_model(model)
    labels = label_map(source, metadata.table)
    known = presets.preset(metadata.preset)
    changes = known.augmentation
    if changes.moves:
        changes = dataclasses.replace(changes, widen=_WIDEN)
    chosen = presets.change(
        dataclasses.replace(known, warmup=0.0, size=metadata.size, augmentation=changes),
        learning_rate=learning_rate,
        epochs=epochs,
        batch=batch,
    )
    _freeze(base, freeze)
    new = dataclasses.replace(
        metadata,
        version=__version__,
        frame=source.frame,
        frame_size=source.size,
        dataset=source.name,
        dataset_digest=source.digest,
        temperature=1.0,
        spread=0.0,
        rejection=None,
    )
    digest = hashlib.sha256(Path(model).read_bytes()).hexdigest()
    more: dict[str, Any] = {"model": digest, "freeze": freeze}
    view = View(metadata.size, len(metadata.table), labels)
    job = Job(source, metadata.preset, chosen, seed, view, new, more, deterministic, mirror)
    return train(job, out, lambda: base)


def _freeze(model: Any, count: int) -> None:
    groups = networks.stages(model)
    if not 0 <= count <= len(groups):
        raise UsageError(f"freeze (={count}) must be from 0 to {len(groups)}, the model's stages")
    model.trainable = True
    for layers in groups[:count]:
        for layer in layers:
            # Keras runs a batch normalisation that isn't trainable on its stored statistics.
            layer.trainable = False
