"""What is kept of a training run that is under way, so that a killed one goes on as if it hadn't.

``state.keras`` alone says how far a run is: the weights, the optimizer with its learning rate and
its averaged weights, the state of the generators that dropout draws from, what Keras' callbacks
have counted, and the place in the data. All else can be made from it again. Each epoch's batches
are a pure function of the seed and the epoch's number, so a place in the data is two numbers.
"""

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import keras

from datagen.errors import InputError
from trainer.callbacks import Progress, averaged
from trainer.model_file import Metadata, load_archive, read_member, save_model, write_archive
from trainer.optimize import random_state
from trainer.runfolder import RunFolder
from trainer.strategy import synchronize

SAVE_SECONDS = 300.0  # between two checkpoints within an epoch; each epoch ends with one anyway
STATE_MEMBER = "training.json"

# What Keras' callbacks must remember from one process to the next.
REMEMBERED = ("wait", "best", "best_epoch", "cooldown_counter")


@dataclass(frozen=True, slots=True)
class State:
    """How far a run is.

    Attributes:
        done: Finished epochs.
        step: Steps done of the epoch after them.
        stopped: Whether training has ended early.
        best: Best value of what is monitored; None before the first epoch has ended.
        best_epoch: Epoch of that value, from 0.
        images: Pictures trained on.
        seconds: Time spent on them, without validation.
        random: State of each generator that dropout draws from; Keras doesn't save it.
        sums: What the metrics have summed up of the epoch under way.
        callbacks: For each of Keras' callbacks, what it must remember.
    """

    done: int = 0
    step: int = 0
    stopped: bool = False
    best: float | None = None
    best_epoch: int = 0
    images: int = 0
    seconds: float = 0.0
    random: list[list[int]] = field(default_factory=list)
    sums: list[Any] = field(default_factory=list)
    callbacks: dict[str, dict[str, Any]] = field(default_factory=dict)


def read_state(run: RunFolder) -> tuple[State, Any]:
    """Read how far a run is, and its model, uncompiled; None where nothing is kept of it yet.

    Raises:
        InputError: The file is damaged.
    """
    if not run.state.exists():
        return State(), None
    try:
        return State(**read_member(run.state, STATE_MEMBER)), load_archive(run.state)
    except (InputError, TypeError) as error:
        raise InputError(
            f"{run.state} is damaged or of another version, so this training can't go on: "
            f"remove {run.folder} and run the same command again"
        ) from error


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Saves everything needed to go on, after every epoch and from time to time within one.

    It must be the last callback, so that what the others remember is up to date when it is saved.

    Attributes:
        state: How far the run is, as it was saved last.
    """

    def __init__(
        self,
        run: RunFolder,
        metadata: Metadata,
        state: State,
        *,
        monitor: str,
        steps: int,
        progress: Progress,
        others: list[Any],
    ) -> None:
        super().__init__()
        self.state = state
        self._run, self._metadata, self._monitor, self._steps = run, metadata, monitor, steps
        self._progress, self._others = progress, others
        self._first = state.step
        self._saved = 0.0
        self._copy: Any = None  # uncompiled: the model to keep, without the optimizer
        progress.images, progress.seconds = state.images, state.seconds

    def on_train_begin(self, logs: Any = None) -> None:
        """Give the other callbacks back what they knew; Keras has just made them forget it."""
        for other in self._others:
            for name, value in self.state.callbacks.get(type(other).__name__, {}).items():
                setattr(other, name, value)
        self._saved = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Give the metrics back what they had of this epoch; Keras has just reset them."""
        if not self.state.step:
            return
        blank = keras.ops.zeros((1, self.model.output_shape[-1]))
        self.model.compute_metrics(None, blank, blank)  # Keras makes their variables on first use
        for variable, value in zip(self.model.metrics_variables, self.state.sums, strict=True):
            variable.assign(value)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Save, where that is long ago and the epoch doesn't end here."""
        step = self._first + batch + 1
        if step < self._steps and time.monotonic() - self._saved >= SAVE_SECONDS:
            sums = [variable.numpy().tolist() for variable in self.model.metrics_variables]
            self._save(replace(self.state, step=step, sums=sums))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Save, then keep the model if it is the best."""
        value = float(logs[self._monitor])
        sign = 1 if "accuracy" in self._monitor else -1
        state = replace(
            self.state, done=epoch + 1, step=0, sums=[], stopped=bool(self.model.stop_training)
        )
        if state.best is None or sign * value > sign * state.best:
            state = replace(state, best=value, best_epoch=epoch)
        self._save(state)
        self.keep(self.model)

    def keep(self, model: Any) -> None:
        """Write the model file where the last finished epoch is the best one.

        This comes after the checkpoint, so that a kill between the two leaves no model that the
        checkpoint knows nothing of; a run that goes on calls it first.
        """
        state = self.state
        if state.best is None or state.step or state.best_epoch != state.done - 1:
            return
        if self._copy is None:
            self._copy = keras.Model.from_config(model.get_config())
            synchronize(self._copy, 1)  # what is kept is for one device
        with averaged(model):
            self._copy.set_weights(model.get_weights())
        save_model(self._copy, self._run.model, self._metadata)

    def _save(self, state: State) -> None:
        remembered = {
            type(other).__name__: {
                name: _plain(getattr(other, name)) for name in REMEMBERED if hasattr(other, name)
            }
            for other in self._others
        }
        self.state = replace(
            state,
            images=self._progress.images,
            seconds=self._progress.seconds,
            random=random_state(self.model),
            callbacks=remembered,
        )
        write_archive(self.model, self._run.state, {STATE_MEMBER: asdict(self.state)})
        self._saved = time.monotonic()


def _plain(value: Any) -> int | float | None:
    return value if value is None or isinstance(value, int) else float(value)
