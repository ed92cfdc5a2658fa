"""The networks, as plain Keras functional models.

Each takes pictures with values in [0, 255], (n, size, size, 1), and gives class probabilities
(n, classes). Scaling is part of the model, so whoever runs it needs no recipe. Only layers that
Keras ships are used: a saved model loads without this package. Layers are named after the stage
that they belong to (``stem_…``, ``stage1_…``, … ``head_…``).
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

Network = Callable[[Any, float], Any]


def build(network: str, size: int, classes: int, dropout: float) -> Any:
    """Build an untrained model.

    Args:
        network: A name in `NETWORKS`.
        size: Side of its input pictures in pixels.
        classes: Number of classes.
        dropout: Fraction of activations dropped while training.

    Returns:
        A `keras.Model`: (n, size, size, 1) in [0, 255] to probabilities (n, classes).
    """
    pictures = keras.Input((size, size, 1), name="image")
    # Paper stays exactly 0, as the zeros that "same" padding adds.
    x = layers.Rescaling(1 / 255, name="rescale")(pictures)
    x = NETWORKS[network](x, dropout)
    scores = layers.Dense(classes, activation="softmax", dtype="float32", name="head_classes")(x)
    return keras.Model(pictures, scores, name=network)


def stages(model: Any) -> list[list[Any]]:
    """Return the layers with weights, grouped by stage from the input on, without the head."""
    groups: dict[str, list[Any]] = {}
    for layer in model.layers:
        stage = layer.name.split("_")[0]
        if stage.startswith("st") and layer.weights:
            groups.setdefault(stage, []).append(layer)
    return list(groups.values())


def reference(x: Any, dropout: float) -> Any:
    """The residual network that Math Vision was first published with.

    38,577,913 parameters for 89 classes at 140 x 140, 87 % of them in the first dense layer.
    """
    for number, channels in enumerate((32, 64)):
        x = _conv(x, channels, f"stem_{number}")
        x = layers.MaxPooling2D(2, name=f"stem_{number}_pool")(x)
    for number, channels in enumerate((256, 512), start=1):
        x = _residual(x, channels, f"stage{number}_0")
        x = layers.MaxPooling2D(2, name=f"stage{number}_pool")(x)
        x = layers.Dropout(dropout, name=f"stage{number}_drop")(x)
    x = layers.Flatten(name="head_flatten")(x)
    for units in (1024, 512):
        x = layers.Dense(units, activation="relu", name=f"head_dense{units}")(x)
        x = layers.Dropout(dropout, name=f"head_drop{units}")(x)
    return x


def compact(x: Any, dropout: float) -> Any:
    """A small residual network; 235,305 parameters for 89 classes.

    Half of what a network of this depth costs lies in its first layers, where pictures are large:
    one wide convolution that halves the sides takes their place, and what it saves is spent on
    channels where pictures are small.
    """
    x = _conv(x, 16, "stem_0", kernel=5, strides=2)
    return _tail(x, ((32, 2), (128, 1)), dropout)


def deep(x: Any, dropout: float) -> Any:
    """A residual network of three times the cost of `compact`; 578,649 parameters."""
    x = _conv(x, 16, "stem_0")
    x = _conv(x, 32, "stem_1", strides=2)
    x = _residual(x, 32, "stage1_0")
    return _tail(x, ((64, 2), (112, 2)), dropout, first=2)


def quick(x: Any, dropout: float) -> Any:
    """A network for a first result within minutes; 79,081 parameters for 89 classes."""
    x = _conv(x, 16, "stem_0", kernel=5, strides=2)
    return _tail(x, ((32, 1), (64, 1)), dropout)


def _tail(x: Any, stages: Sequence[tuple[int, int]], dropout: float, first: int = 1) -> Any:
    """Residual stages, each of so many channels and blocks and half the sides, and the pooling.

    `first` is the number of the first of them.
    """
    for number, (channels, blocks) in enumerate(stages, start=first):
        for block in range(blocks):
            x = _residual(x, channels, f"stage{number}_{block}", shrink=block == 0)
    x = layers.GlobalAveragePooling2D(name="head_pool")(x)
    return layers.Dropout(dropout, name="head_drop")(x)


def _conv(
    x: Any, channels: int, name: str, *, kernel: int = 3, strides: int = 1, relu: bool = True
) -> Any:
    x = layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def _residual(x: Any, channels: int, name: str, shrink: bool = False) -> Any:
    """Two 3 x 3 convolutions beside a shortcut (He et al. 2016); `shrink` halves the sides.

    The shortcut of a shrinking block averages before it projects (He et al. 2019, ResNet-D), which
    loses none of its pixels where a strided projection would skip three in four.
    """
    y = _conv(x, channels, f"{name}_a", strides=2 if shrink else 1)
    y = _conv(y, channels, f"{name}_b", relu=False)
    if shrink:
        x = layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(x)
    if x.shape[-1] != channels:
        x = _conv(x, channels, f"{name}_project", kernel=1, relu=False)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))


NETWORKS: dict[str, Network] = {
    "reference": reference,
    "deep": deep,
    "compact": compact,
    "quick": quick,
}
