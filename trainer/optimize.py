"""From a preset to Keras' own optimizers, schedules, losses and callbacks."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras

from datagen import console
from trainer.normalize import fuse
from trainer.presets import Preset
from trainer.runfolder import RunFolder


def compile_model(
    model: Any, preset: Preset, steps: int, alpha: Sequence[float] | None = None
) -> None:
    """Give a model the optimizer, schedule and loss of a preset; `steps` are those of an epoch.

    With `alpha`, one for each class, the loss is the focal one whatever the preset says.

    XLA stays off: on a CPU its convolutions train these networks at half the speed of oneDNN's.
    """
    fuse(model)
    rate: Any = preset.learning_rate
    if preset.schedule == "cosine":
        total = steps * preset.epochs
        warmup = int(total * preset.warmup)
        rate = keras.optimizers.schedules.CosineDecay(
            preset.learning_rate / 100 if warmup else preset.learning_rate,
            decay_steps=max(1, total - warmup),
            warmup_target=preset.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    average: dict[str, Any] = {}
    if preset.ema:
        span = max(1.0, preset.ema * steps * preset.epochs)
        average = {"use_ema": True, "ema_momentum": 1 - 1 / span}
    if preset.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=preset.weight_decay, **average)
        # Decay pulls at what multiplies; offsets and normalisation have no size to keep small.
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    else:
        optimizer = keras.optimizers.Adam(rate, **average)
    if preset.loss == "focal" or alpha is not None:
        loss: Any = keras.losses.CategoricalFocalCrossentropy(
            alpha=0.5 if alpha is None else list(alpha),
            gamma=2.0,
            label_smoothing=preset.label_smoothing,
        )
    else:
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=preset.label_smoothing)
    model.compile(optimizer, loss, metrics=[Accuracy()], jit_compile=False)


class Accuracy(keras.metrics.Mean):  # type: ignore[misc]
    """Share of right answers, without the outliers, to which none is right."""

    def __init__(self) -> None:
        super().__init__(name="accuracy")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Count a batch; targets and probabilities are float32 (n, classes)."""
        right = keras.ops.equal(keras.ops.argmax(y_true, -1), keras.ops.argmax(y_pred, -1))
        one = keras.ops.cast(keras.ops.max(y_true, -1) > 0.5, "float32")
        return super().update_state(keras.ops.cast(right, "float32"), one)


def restore(model: Any, path: Path, random_state: list[list[int]]) -> None:
    """Give a compiled model its weights, its optimizer's state and its random state back."""
    model.optimizer.build(model.trainable_variables)
    model.load_weights(path)
    for variable, value in zip(generators(model), random_state, strict=True):
        variable.assign(value)


def random_state(model: Any) -> list[list[int]]:
    """Return the state of the generators that dropout draws from; Keras doesn't save it."""
    return [variable.numpy().tolist() for variable in generators(model)]


def generators(model: Any) -> list[Any]:
    """Return the variables of the generators that dropout draws from, each a seed and a count."""
    return [v for v in model.non_trainable_variables if v.path.endswith("seed_generator_state")]


def rememberers(preset: Preset, monitor: str) -> list[Any]:
    """Return the callbacks that remember something from epoch to epoch."""
    mode = "max" if "accuracy" in monitor else "min"
    callbacks: list[Any] = []
    if preset.schedule == "plateau":
        callbacks.append(keras.callbacks.ReduceLROnPlateau(monitor, 0.2, 3, mode=mode, min_lr=1e-7))
    if preset.patience is not None:
        callbacks.append(
            keras.callbacks.EarlyStopping(monitor, patience=preset.patience, mode=mode)
        )
    return callbacks


def loggers(run: RunFolder) -> list[Any]:
    """Return the callbacks that write what happened; TensorBoard's only where it is installed."""
    callbacks: list[Any] = [keras.callbacks.CSVLogger(run.history, append=True)]
    if find_spec("tensorboard"):
        callbacks.append(keras.callbacks.TensorBoard(run.tensorboard, write_graph=False))
    else:
        console.note("tensorboard isn't installed, so no logs are written for it")
    return callbacks
