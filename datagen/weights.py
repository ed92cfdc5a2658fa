"""How much a class should count where some have more samples than others.

Effective number of samples and the weights made of it: Cui et al. 2019, "Class-balanced loss based
on effective number of samples". The same weights serve as alpha of the focal loss, class by class.
"""

import numpy as np
from numpy.typing import NDArray

from datagen.atomic import csv_text
from datagen.characters import CharacterTable

COLUMNS = ("label", "codepoint", "samples", "effective", "weight", "alpha")
FILE = "class_weights.csv"  # in the dataset's manifests
BETA = 0.999  # the smaller, the sooner further samples of a class say nothing new
ALPHA = 0.25  # mean over the classes, as in Lin et al. 2017, "Focal loss"


def effective_number(samples: NDArray[np.integer], beta: float = BETA) -> NDArray[np.float64]:
    """Return (1 - beta^n) / (1 - beta): how many samples a class has that say something new.

    Args:
        samples: Samples of each class.
        beta: 0 (one sample says all) to below 1 (each says something new).
    """
    return np.asarray((1 - beta ** samples.astype(np.float64)) / (1 - beta), np.float64)


def class_weights(samples: NDArray[np.integer], beta: float = BETA) -> NDArray[np.float64]:
    """Return a weight for each class, 1 on average over classes that have samples, else 0."""
    effective = effective_number(samples, beta)
    weights = np.where(samples > 0, 1 / np.maximum(effective, 1e-12), 0.0)
    present = np.count_nonzero(samples)
    return np.asarray(weights * (present / max(float(weights.sum()), 1e-12)), np.float64)


def table(characters: CharacterTable, samples: NDArray[np.integer], beta: float = BETA) -> str:
    """Return the weights of a dataset's classes as CSV text."""
    effective, weights = effective_number(samples, beta), class_weights(samples, beta)
    rows = (
        (
            c.label,
            c.codepoint,
            int(samples[c.label]),
            f"{effective[c.label]:.4f}",
            f"{weights[c.label]:.6f}",
            f"{min(1.0, ALPHA * weights[c.label]):.6f}",
        )
        for c in characters
    )
    return csv_text(COLUMNS, rows)
