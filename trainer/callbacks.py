"""What happens around epochs: averaged weights, checkpoints, progress, a check for divergence."""

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras

from datagen import console
from datagen.errors import InputError
from trainer.model_file import Metadata, save_model, write_archive
from trainer.optimize import random_state
from trainer.runfolder import RunFolder

STATE_MEMBER = "training.json"


@contextmanager
def averaged(model: Any) -> Iterator[None]:
    """Put the optimizer's averaged weights into the model, and back again afterwards, exactly."""
    optimizer = model.optimizer
    if not optimizer.use_ema or not int(optimizer.iterations):
        yield
        return
    weights = model.trainable_variables
    raw = [keras.ops.convert_to_numpy(weight) for weight in weights]
    optimizer.finalize_variable_values(weights)
    try:
        yield
    finally:
        for weight, value in zip(weights, raw, strict=True):
            weight.assign(value)


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
    """Shows a bar for each epoch, leaves a line when it is over, and stops where loss is NaN.

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
        self._started = self._last = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the bar."""
        bar = console.progress(
            f"epoch {epoch + 1}/{self._epochs}", self._steps * self._batch, "images"
        )
        self._advance = self._stack.enter_context(bar)
        self._started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Advance the bar."""
        self._advance(self._batch)
        if logs and not math.isfinite(float(logs["loss"])):
            raise InputError(
                f"training diverged: the loss became {float(logs['loss'])} at step {batch + 1}; "
                "start again in another folder with a smaller --learning-rate (it was "
                f"{float(self.model.optimizer.learning_rate):.3g} at that step)"
            )

    def on_test_begin(self, logs: Any = None) -> None:
        """The epoch's training is over when its validation begins."""
        self._stop_clock()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Leave a line about the epoch; adds the learning rate to `logs`."""
        rate = self._batch * self._steps / max(self._stop_clock(), 1e-9)
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        self._stack.close()
        shown = [f"{key} {logs[key]:.4f}" for key in sorted(logs) if key != "learning_rate"]
        console.note(f"epoch {epoch + 1}/{self._epochs}  {'  '.join(shown)}  {rate:,.0f} images/s")

    def on_train_end(self, logs: Any = None) -> None:
        """Take the bar away."""
        self._stack.close()

    def _stop_clock(self) -> float:
        if self._started:
            self._last = time.perf_counter() - self._started
            self._started = 0.0
            self.images += self._batch * self._steps
            self.seconds += self._last
        return self._last


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """After every epoch, saves the model if it is the best, then everything needed to go on.

    It must be the last callback, so that what the others remember is up to date when it is saved.

    Attributes:
        best: Best value of what is monitored; None before the first epoch.
        best_epoch: Epoch of that value, from 0.
        done: Epochs done.
        stopped: Whether training has ended early.
    """

    # What Keras' callbacks must remember from one process to the next.
    REMEMBERED = ("wait", "best", "best_epoch", "cooldown_counter")

    def __init__(
        self,
        run: RunFolder,
        metadata: Metadata,
        *,
        monitor: str,
        progress: Progress,
        others: list[Any],
        state: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        state = state or {}
        self._run, self._metadata, self._monitor = run, metadata, monitor
        self._progress, self._others = progress, others
        self._remembered: dict[str, Any] = state.get("callbacks", {})
        self.best: float | None = state.get("best")
        self.best_epoch: int = state.get("best_epoch", 0)
        self.done: int = state.get("done", 0)
        self.stopped: bool = state.get("stopped", False)
        self._copy: Any = None  # uncompiled: the model to keep, without the optimizer
        progress.images, progress.seconds = state.get("images", 0), state.get("seconds", 0.0)

    def on_train_begin(self, logs: Any = None) -> None:
        """Give the other callbacks back what they knew; Keras has just made them forget it."""
        self._copy = keras.Model.from_config(self.model.get_config())
        for other in self._others:
            for name, value in self._remembered.get(type(other).__name__, {}).items():
                setattr(other, name, value)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save."""
        value = float(logs[self._monitor])
        if not math.isfinite(value):
            raise InputError(
                f"training diverged: {self._monitor} became {value} in epoch {epoch + 1}; "
                "start again in another folder with a smaller --learning-rate"
            )
        sign = 1 if "accuracy" in self._monitor else -1
        if self.best is None or sign * value > sign * self.best:
            self.best, self.best_epoch = value, epoch
            with averaged(self.model):
                self._copy.set_weights(self.model.get_weights())
            save_model(self._copy, self._run.model, self._metadata)
        self.done, self.stopped = epoch + 1, bool(self.model.stop_training)
        write_archive(self.model, self._run.state, {STATE_MEMBER: self._state()})

    def _state(self) -> dict[str, Any]:
        remembered = {
            type(other).__name__: {
                name: _plain(getattr(other, name))
                for name in self.REMEMBERED
                if hasattr(other, name)
            }
            for other in self._others
        }
        return {
            "done": self.done,
            "stopped": self.stopped,
            "best": self.best,
            "best_epoch": self.best_epoch,
            "images": self._progress.images,
            "seconds": self._progress.seconds,
            "random": random_state(self.model),
            "callbacks": remembered,
        }


def _plain(value: Any) -> int | float | None:
    return value if value is None or isinstance(value, int) else float(value)
