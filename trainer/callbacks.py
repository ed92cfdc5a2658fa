"""What happens around batches and epochs: averaged weights, progress, a check for divergence."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import keras

from datagen import console
from datagen.errors import InputError


@contextmanager
def averaged(model: Any) -> Iterator[None]:
    """Put the optimizer's averaged weights into the model, and back again afterwards, exactly."""
    optimizer = model.optimizer
    if not optimizer.use_ema or not optimizer.iterations.numpy():
        yield
        return
    weights = model.trainable_variables
    raw = [weight.numpy() for weight in weights]
    optimizer.finalize_variable_values(weights)
    try:
        yield
    finally:
        for weight, value in zip(weights, raw, strict=True):
            weight.assign(value)


def learning_rate(model: Any) -> float:
    """Return a model's learning rate, which is a variable of several devices if need be."""
    return float(model.optimizer.learning_rate.numpy())


class Averaging(keras.callbacks.Callback):  # type: ignore[misc]
    """Validates the averaged weights, which are the ones that are saved."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()

    def on_test_begin(self, logs: Any = None) -> None:
        """Before validation."""
        self._stack.enter_context(averaged(self.model))

    def on_test_end(self, logs: Any = None) -> None:
        """After validation."""
        self._stack.close()


class Progress(keras.callbacks.Callback):  # type: ignore[misc]
    """Shows a bar for each epoch and leaves a line when it is over.

    Attributes:
        images: Pictures trained on.
        seconds: Time spent on them, without validation.
    """

    def __init__(self, batch: int, steps: int, epochs: int) -> None:
        super().__init__()
        self.images, self.seconds = 0, 0.0
        self._batch, self._steps, self._epochs = batch, steps, epochs
        self._stack = ExitStack()
        self._advance: console.Advance = lambda _: None
        self._last = 0.0
        self._before = (0, 0.0)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the bar."""
        bar = console.progress(
            f"epoch {epoch + 1}/{self._epochs}", self._steps * self._batch, "images"
        )
        self._advance = self._stack.enter_context(bar)
        self._before = (self.images, self.seconds)
        self._last = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Advance the bar."""
        now = time.perf_counter()
        self.seconds += now - self._last
        self.images += self._batch
        self._last = now
        self._advance(self._batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Leave a line about the epoch; adds the learning rate to `logs`."""
        images, seconds = self._before
        rate = (self.images - images) / max(self.seconds - seconds, 1e-9)
        logs["learning_rate"] = learning_rate(self.model)
        self._stack.close()
        shown = [f"{key} {logs[key]:.4f}" for key in sorted(logs) if key != "learning_rate"]
        console.note(f"epoch {epoch + 1}/{self._epochs}  {'  '.join(shown)}  {rate:,.0f} images/s")

    def on_train_end(self, logs: Any = None) -> None:
        """Take the bar away."""
        self._stack.close()


class Divergence(keras.callbacks.Callback):  # type: ignore[misc]
    """Stops where a number isn't one, before anything of it is saved.

    Args:
        dataset: Folder of the dataset, for the message.
        first: Steps of the first epoch that were done before.
        shown: Gives the ids of the samples of an epoch's step, both from 0.
    """

    def __init__(self, dataset: Path, first: int, shown: Callable[[int, int], list[str]]) -> None:
        super().__init__()
        self._dataset, self._first, self._shown = dataset, first, shown
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Remember the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look at the loss.

        Raises:
            InputError: It is no number; the message names the samples of the step.
        """
        loss = float(logs["loss"])
        if math.isfinite(loss):
            return
        step = self._first + batch
        raise InputError(
            f"training diverged: the loss became {loss} at step {step + 1} of epoch "
            f"{self._epoch + 1}; start again in another folder with a smaller --learning-rate (it "
            f"was {learning_rate(self.model):.3g} at that step), or look with "
            f"`datagen show {self._dataset} ID` at the samples of that step: "
            + ", ".join(self._shown(self._epoch, step))
        )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the results of the epoch and of its validation.

        Raises:
            InputError: One is no number.
        """
        for name, value in logs.items():
            if not math.isfinite(float(value)):
                raise InputError(
                    f"training diverged: {name} became {value} in epoch {epoch + 1}; "
                    "start again in another folder with a smaller --learning-rate"
                )
