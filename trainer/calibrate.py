"""Make a model's probabilities mean what they say, and let it say that a picture is none of its.

Both are measured on the validation split once training is over, and stored in the model file.
"""

import dataclasses
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from datagen import recipe
from datagen.frame import Mode
from trainer import reject
from trainer.answers import Answers, answers
from trainer.dataset import Dataset
from trainer.foreign import foreign
from trainer.infer import Reader
from trainer.model_file import Metadata, load_model, replace_metadata
from trainer.probabilities import Logits, calibrated, without_spread
from trainer.scores import calibration_error

LIMITS = (0.05, 20.0)  # of the temperature
SPREADS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)  # that are tried
BATCH = 256  # foreign pictures run at a time


def calibrate(path: Path, dataset: Dataset, split: str = "validation") -> dict[str, Any]:
    """Fit a model file's probabilities and measure its threshold; write both into the file.

    Args:
        path: The model file; its weights stay byte for byte the same.
        dataset: A dataset of the model's classes.
        split: A split that the model wasn't trained on. Where it holds drawn pictures alone, the
            temperature may only soften and nothing is taken away.

    Returns:
        ``temperature`` and ``spread``; ``ece_before`` and ``ece``, the calibration error over 15
        bins without and with them; ``rejection``, the fields of `trainer.reject.Rejection`. Empty
        where the dataset has no such split; the file is then left alone.

    Raises:
        InputError: The model or the dataset can't be used.
    """
    if not dataset.count(split):
        return {}
    network, metadata = load_model(path)
    reader = Reader(network, metadata.size)
    found = answers(reader, metadata, dataset, split)
    if _is_drawn(dataset):
        # Real ink is harder to read than drawn: what sharpens on drawings overstates on it.
        temperature, spread = max(1.0, fit_temperature(found.logits, found.labels)), 0.0
    else:
        temperature, spread = fit_calibration(found.logits, found.labels)
    rejection = _rejection(reader, metadata, found, temperature)
    changed = dataclasses.replace(
        metadata, temperature=temperature, spread=spread, rejection=rejection
    )
    replace_metadata(path, changed)
    after = calibrated(found.logits, temperature, spread)
    return {
        "temperature": temperature,
        "spread": spread,
        "ece_before": calibration_error(calibrated(found.logits, 1.0), found.labels),
        "ece": calibration_error(after, found.labels),
        "rejection": dataclasses.asdict(rejection),
    }


def _is_drawn(dataset: Dataset) -> bool:
    """Whether no real picture went into a dataset."""
    sources = recipe.read(dataset.folder / "recipe.toml").sources
    return all(source.drawn for source in sources.values())


def fit_calibration(logits: Logits, labels: NDArray[np.int64]) -> tuple[float, float]:
    """Return the temperature and the spread of `calibrated` that say best what is true.

    On real ink after a training with smoothed targets, the two leave a third of the calibration
    error that the best temperature alone leaves.

    Args:
        logits: (n, classes).
        labels: The true classes, (n,).
    """
    found = [(*_fit(logits, labels, spread), spread) for spread in SPREADS]
    _, temperature, spread = min(found)
    return temperature, spread


def fit_temperature(logits: Logits, labels: NDArray[np.int64]) -> float:
    """Return the temperature that says best what is true, where nothing is taken away.

    Args:
        logits: (n, classes).
        labels: The true classes, (n,).
    """
    return _fit(logits, labels, 0.0)[1]


def _fit(logits: Logits, labels: NDArray[np.int64], spread: float) -> tuple[float, float]:
    """Return the smallest mean negative log likelihood and its temperature (Guo et al. 2017).

    Where every sample is read rightly, that would be a temperature of 0 and endless confidence. So
    the targets are those of Platt (1999): n right answers make n + 1 of n + 2 certain, not all.
    """
    rows, doubt = np.arange(len(labels)), 1 / (len(labels) + 2)
    wide = without_spread(logits, spread)

    def loss(logarithm: float) -> float:
        said = log_softmax(wide / np.exp(logarithm), axis=1)
        return -float(((1 - doubt) * said[rows, labels] + doubt * said.mean(1)).mean())

    # Over its logarithm: twice and half are as far from 1.
    limits = (float(np.log(LIMITS[0])), float(np.log(LIMITS[1])))
    found = minimize_scalar(loss, bounds=limits, method="bounded")
    return float(found.fun), round(float(np.exp(found.x)), 4)


def _rejection(
    reader: Reader, metadata: Metadata, found: Answers, temperature: float
) -> reject.Rejection:
    table = metadata.table
    others = {}
    for kind in foreign(table, metadata.frame_size, cast(Mode, metadata.frame)):
        parts = [
            reader.logits(kind.pixels[start : start + BATCH, ..., None])
            for start in range(0, len(kind.pixels), BATCH)
        ]
        said = np.concatenate(parts) if parts else np.zeros((0, len(table)), np.float32)
        others[kind.kind] = (said, kind.blank)
    return reject.measure(found.logits, others, temperature, table.shapes)
