"""What `trainer fit` can train: a network and everything that its training needs.

Times are for two CPU cores.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from datagen.errors import UsageError, nearest

Weighting = Literal["none", "effective", "focal"]
"""``effective`` weighs each sample by its class (Cui et al. 2019); ``focal`` uses the focal loss
with an alpha a class (Lin et al. 2017)."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a picture may be changed; all zero changes nothing.

    Attributes:
        shift: Largest shift to each side, as a fraction of the picture's side.
        scale: Largest relative change of size (0.1: 0.9 to 1.1 times), for each axis by itself.
        rotation: Largest rotation to each side in degrees.
        shear: Largest horizontal shear, as a tangent.
        erase: Probability that a rectangle is blanked (Zhong et al. 2020, Random Erasing).
        erase_side: Largest side of that rectangle, as a fraction of the picture's side.
        widen: Probability that strokes are drawn wider, as another pen would.
        widen_side: By how much they grow to each side at most, as a fraction of the picture's.
    """

    shift: float = 0.0
    scale: float = 0.0
    rotation: float = 0.0
    shear: float = 0.0
    erase: float = 0.0
    erase_side: float = 0.3
    widen: float = 0.0
    widen_side: float = 0.07

    @property
    def moves(self) -> bool:
        """Whether any geometric change is asked for."""
        return any((self.shift, self.scale, self.rotation, self.shear))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A network and how to train it.

    Attributes:
        network: Name of the network in `trainer.model.NETWORKS`.
        size: Side of its input pictures in pixels.
        batch: Pictures a training step.
        epochs: Most epochs.
        optimizer: ``adam`` or ``adamw``.
        learning_rate: Peak learning rate.
        schedule: ``plateau`` divides the rate by five when validation stops getting better;
            ``cosine`` warms up linearly and then falls to nothing along a half cosine.
        warmup: Fraction of all steps spent on warming up (``cosine``).
        weight_decay: Decoupled weight decay (``adamw``).
        loss: ``crossentropy`` or ``focal``.
        label_smoothing: Probability spread over all classes in the target.
        ema: Share of all steps that the averaged weights span, which are the ones validated and
            saved; 0 for none.
        dropout: Fraction of activations dropped.
        monitor: What decides which epoch is the best: ``loss`` or ``accuracy``, of validation. Loss
            is the steadier of the two where validation holds some thousand pictures.
        patience: Epochs without a better one after which training stops; None for never.
        class_weights: Weights of the dataset's classes: ``effective`` numbers of samples, or
            ``focal``, the focal loss with an alpha a class; see `trainer.weights`.
        augmentation: Changes of pictures on the fly.
        outliers: Pictures of no class that are added to each batch, as a share of it; the model
            learns to doubt them.
    """

    network: str
    size: int
    batch: int
    epochs: int
    optimizer: Literal["adam", "adamw"]
    learning_rate: float
    schedule: Literal["plateau", "cosine"]
    warmup: float = 0.0
    weight_decay: float = 0.0
    loss: Literal["crossentropy", "focal"] = "crossentropy"
    label_smoothing: float = 0.0
    ema: float = 0.0
    dropout: float = 0.0
    monitor: Literal["loss", "accuracy"] = "loss"
    patience: int | None = None
    class_weights: Weighting = "none"
    augmentation: Augmentation = Augmentation()
    outliers: float = 0.0


# The residual network that the Math Vision data set was first published with, trained as then.
# 38 million parameters, some 10 images a second: half an hour an epoch for 16,000 images, so it
# wants a GPU. It is here as the yardstick; its accuracy on these data was not measured.
REFERENCE = Preset(
    network="reference",
    size=140,
    batch=64,
    epochs=100,
    optimizer="adam",
    learning_rate=1e-4,
    schedule="plateau",
    loss="focal",
    dropout=0.25,
    patience=10,
)

# 0.24 million parameters; some 3,100 images a second: seven minutes for 130,000 images, ten epochs.
COMPACT = Preset(
    network="compact",
    size=32,
    batch=128,
    epochs=20,
    optimizer="adamw",
    learning_rate=2e-3,
    schedule="cosine",
    warmup=0.1,
    weight_decay=0.02,
    label_smoothing=0.1,
    ema=0.02,
    dropout=0.2,
    augmentation=Augmentation(shift=0.06, scale=0.1, rotation=8, shear=0.1, erase=0.2),
    outliers=1 / 16,
)

# 0.6 million parameters, at a third of the speed of `compact`: two to three points better after as
# many images. The model that comes with the package is one.
DEEP = dataclasses.replace(COMPACT, network="deep", dropout=0.1)

# 79,000 parameters; some 6,900 images a second, so half a minute for 16,000 images, with which it
# got 80 % of the same 62 classes right.
QUICK = Preset(
    network="quick",
    size=32,
    batch=128,
    epochs=10,
    optimizer="adamw",
    learning_rate=4e-3,
    schedule="cosine",
    warmup=0.1,
    weight_decay=0.02,
    label_smoothing=0.05,
    ema=0.02,
    dropout=0.1,
    augmentation=Augmentation(shift=0.05, scale=0.08, rotation=6, shear=0.08),
    outliers=1 / 16,
)

PRESETS = {"reference": REFERENCE, "deep": DEEP, "compact": COMPACT, "quick": QUICK}


def preset(name: str, **changes: Any) -> Preset:
    """Return a preset by name, with the `changes` that aren't None.

    Raises:
        UsageError: No preset has this name, or a changed value makes no sense.
    """
    if name not in PRESETS:
        known = ", ".join(PRESETS)
        raise UsageError(
            f"no preset is named {name!r}{nearest(name, list(PRESETS))} (presets: {known})"
        )
    return change(PRESETS[name], **changes)


def change(base: Preset, **changes: Any) -> Preset:
    """Return `base` with the `changes` that aren't None.

    Raises:
        UsageError: A changed value makes no sense.
    """
    wanted = {field: value for field, value in changes.items() if value is not None}
    for field in ("epochs", "batch"):
        if wanted.get(field, 1) < 1:
            raise UsageError(f"{field} (={wanted[field]}) must be at least 1")
    weighting = wanted.get("class_weights", "none")
    weightings = get_args(Weighting)
    if weighting not in weightings:
        close = nearest(weighting, list(weightings))
        raise UsageError(f"class weights (={weighting}) must be none, effective or focal{close}")
    rate = wanted.get("learning_rate", base.learning_rate)
    if not (math.isfinite(rate) and rate > 0):
        raise UsageError(f"learning rate (={rate}) must be a number above 0")
    return dataclasses.replace(base, **wanted)
