"""What an exported file says about itself: how to prepare a picture and what the answers mean.

Two texts go into every file. ``math_vision.json`` is the model's own metadata, the same as in its
``.keras`` file: `trainer` reads it. ``preprocessing.json`` is for whoever runs the file elsewhere
and knows nothing of this project.
"""

import dataclasses
import json
from typing import Any

from datagen.frame import MARGIN
from trainer.model_file import MEMBER, Metadata
from trainer.probabilities import LEAST

INPUT = "image"
LOGITS, PROBABILITIES = "logits", "probabilities"
LABELS = "labels.txt"  # a character a line, in the order of the outputs
PREPROCESSING = "preprocessing.json"


def texts(metadata: Metadata, weights: str, dtype: str = "uint8") -> dict[str, str]:
    """Return the texts that an exported file carries, by name.

    Args:
        metadata: What belongs to the model.
        weights: ``float32`` or ``int8``.
        dtype: Of the input, ``uint8`` or ``int32``.
    """
    return {
        LABELS: "".join(f"{character.char}\n" for character in metadata.table),
        MEMBER: json.dumps(dataclasses.asdict(metadata), indent=1),
        PREPROCESSING: json.dumps(describe(metadata, weights, dtype), indent=1),
    }


def describe(metadata: Metadata, weights: str, dtype: str = "uint8") -> dict[str, Any]:
    """Describe how to prepare pictures for an exported file and how to read what it gives."""
    edge, count = metadata.frame_size, len(metadata.table)
    margin = max(1, round(edge * MARGIN)) if metadata.frame == "tight" else 0
    rejection = metadata.rejection
    return {
        "weights": weights,
        "input": {
            "name": INPUT,
            "shape": ["pictures", edge, edge, 1],
            "dtype": dtype,
            "range": [0, 255],
            "scaling": "none: it is part of the model",
        },
        "frame": {
            "size": edge,
            "mode": metadata.frame,
            "polarity": "bright ink (255) on black paper (0)",
            "margin": margin,  # pixels on each side
            "aspect": "kept, the ink's box centred" if metadata.frame == "tight" else "kept",
        },
        "outputs": {
            PROBABILITIES: {"shape": ["pictures", count], "of": _of(metadata)},
            LOGITS: {"shape": ["pictures", count]},
        },
        "temperature": metadata.temperature,
        "spread": metadata.spread,
        "answer": "the class whose probability, and that of all classes of its shape, sum to most",
        "rejection": None if rejection is None else dataclasses.asdict(rejection),
        "classes": [
            {"codepoint": one.codepoint, "char": one.char, "name": one.name, "shape": one.shape}
            for one in metadata.table
        ],
    }


def _of(metadata: Metadata) -> str:
    if not metadata.spread:
        return f"softmax({LOGITS} / temperature)"
    taken = f"max(softmax({LOGITS}) - spread / {len(metadata.table)}, {LEAST})"
    return f"softmax(log({taken}) / temperature)"
