"""Class weights of a dataset, as `datagen build` wrote them into its manifests."""

import csv

import numpy as np
from numpy.typing import NDArray

from datagen.errors import InputError
from trainer.data import View
from trainer.dataset import Dataset
from trainer.presets import Weighting

_COLUMNS: dict[Weighting, str] = {"effective": "weight", "focal": "alpha"}


def class_weights(dataset: Dataset, view: View, weighting: Weighting) -> NDArray[np.float32] | None:
    """Read the weights of the model's classes.

    Args:
        dataset: The dataset.
        view: How the model sees it.
        weighting: Which weights.

    Returns:
        float32, shape (view.classes,), 1 for classes that the dataset hasn't; None for ``none``.

    Raises:
        InputError: The dataset has no weights, or they are damaged.
    """
    if weighting == "none":
        return None
    path = dataset.folder / "manifests" / "class_weights.csv"
    weights = np.ones(view.classes, np.float32)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                weights[view.labels[int(row["label"])]] = float(row[_COLUMNS[weighting]])
    except FileNotFoundError as error:
        raise InputError(
            f"{path} is missing: build the dataset again, or train without class weights"
        ) from error
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(f"{path}: the weights can't be read ({error}); build it again") from error
    return weights
