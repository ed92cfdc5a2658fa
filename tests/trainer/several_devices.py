"""What the tests of several devices do in processes of their own, which have two CPU devices.

``python several_devices.py FUNCTION DATASET FOLDER`` prints what it found as JSON.
"""

import json
import sys
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

import keras  # noqa: E402
import numpy as np  # noqa: E402

from datagen.errors import InputError  # noqa: E402
from trainer import callbacks, checkpoint, data, presets, strategy, train  # noqa: E402
from trainer import model as networks  # noqa: E402
from trainer.dataset import Dataset, open_dataset  # noqa: E402
from trainer.finetune import finetune  # noqa: E402
from trainer.fit import fit  # noqa: E402
from trainer.model_file import load_model  # noqa: E402
from trainer.runfolder import RunFolder  # noqa: E402

TIMES = {"seconds", "images_per_second"}

train.calibrate = lambda *_: {}  # it runs on one device, whatever trained


class KilledError(BaseException):
    """Stands for SIGKILL: nothing after it is done."""


def agree(dataset, out, network, epochs, validated):
    """Train a preset's own network on one device and on two, in double precision."""
    keras.config.set_floatx("float64")
    dense = networks.layers.Dense

    def double(*args, dtype, **kwargs):  # the last layer asks for single precision
        return dense(*args, **kwargs)

    gradients = []
    preset = replace(presets.PRESETS[network], dropout=0.0)
    options = {"epochs": epochs, "batch": 32, "class_weights": "effective"}
    with (
        patch.dict(presets.PRESETS, {network: preset}),
        patch.object(networks.layers, "Dense", double),
        _remember_gradient(gradients),
        _validating(validated),
    ):
        names = ("none", "mirrored")
        runs = [fit(dataset, out / name, network, strategy=name, **options) for name in names]
    models = [load_model(run.model)[0] for run in runs]
    pairs = list(zip(*(model.get_weights() for model in models), strict=True))
    return {
        "gradient": max(map(_difference, *gradients)),
        "largest gradient": max(float(np.abs(part).max()) for part in gradients[0]),
        "weights": max(_difference(*pair) for pair in pairs),
        "same layers": models[0].get_config() == models[1].get_config(),
        "history": [_history(run).tolist() for run in runs],
    }


def _history(run):
    return np.genfromtxt(run.folder / "history.csv", delimiter=",", skip_header=1)


def _validating(validated):
    """Validate, or leave it out: it is another graph to make."""
    count = Dataset.count
    hidden = [] if validated else ["validation"]
    return patch.object(
        Dataset, "count", lambda self, split: 0 if split in hidden else count(self, split)
    )


def _remember_gradient(gradients):
    """Note the first step's gradient: Adam's momentum is then a tenth of it."""
    after = callbacks.Progress.on_train_batch_end

    def note(self, batch, logs=None):
        after(self, batch, logs)
        if self.model.optimizer.iterations.numpy() == 1:
            momenta = self.model.optimizer.variables
            gradients.append([m.numpy() * 10 for m in momenta if m.path.endswith("momentum")])

    return patch.object(callbacks.Progress, "on_train_batch_end", note)


def _difference(one, other):
    return float(np.abs(one - other).max())


def go_on(dataset, out):
    """Kill a run on two devices within an epoch, let it go on, and train its model further."""
    how = {"schedule": "plateau", "optimizer": "adam", "patience": 5, "ema": 0.1, "monitor": "loss"}
    how["outliers"] = 0.0  # the patience is to run out
    options = {"preset": "quick", "epochs": 12, "learning_rate": 0.3, "batch": 48}
    options["strategy"] = "mirrored"
    with (
        patch.dict(presets.PRESETS, quick=replace(presets.QUICK, **how)),
        patch.dict(networks.NETWORKS, quick=_tiny),
    ):
        whole = fit(dataset, out / "whole", **options)
        with (
            patch.object(checkpoint, "SAVE_SECONDS", 0.0),
            patch.object(checkpoint, "write_archive", _deadly(3)),
            suppress(KilledError),
        ):
            fit(dataset, out / "run", **options)
        state, _ = checkpoint.read_state(RunFolder(out / "run"))
        refusal = _refused(dataset, out / "run", {**options, "strategy": "none"})
        resumed = fit(dataset, out / "run", **options)
        diverged = _refused(dataset, out / "nan", {**options, "learning_rate": 1e30})
        more = {"epochs": 1, "batch": 96, "freeze": 1, "learning_rate": 0.1}
        tuned = finetune(whole.model, dataset, out / "tuned", strategy="mirrored", **more)
    weights = [load_model(run.model)[0].get_weights() for run in (whole, resumed, tuned)]
    both = whole, resumed
    return {
        "place": [state.done, state.step],
        "refusal": refusal,
        "diverged": diverged,
        "history": [(run.folder / "history.csv").read_text() for run in both],
        "metrics": [{k: v for k, v in run.metrics.items() if k not in TIMES} for run in both],
        "same": [np.array_equal(a, b) for a, b in zip(*weights[:2], strict=True)],
        "tuned": [not np.array_equal(a, b) for a, b in zip(*weights[::2], strict=True)],
    }


def _refused(dataset, out, options):
    try:
        fit(dataset, out, **options)
    except InputError as error:
        return str(error)
    return ""


def _tiny(x, dropout):
    x = networks._conv(x, 4, "stem_0", strides=4)
    x = networks._conv(x, 8, "stage1_0", strides=4)
    x = networks.layers.Flatten(name="head_flatten")(x)
    return networks.layers.Dropout(dropout, name="head_drop")(x)


def _deadly(calls):
    whole = checkpoint.write_archive
    done = []

    def last(*args, **kwargs):
        whole(*args, **kwargs)
        done.append(1)
        if len(done) == calls:
            raise KilledError

    return last


def split(dataset, _):
    """Say which pictures each device gets, by their hashes, and what it drops."""
    return {
        "shares": [_shares(dataset, limit) for limit in (1 << 30, 0)],  # held, streamed
        "dropout": _drop(),
    }


def _shares(dataset, held):
    opened, mirror = open_dataset(dataset), strategy.open_strategy("mirrored")
    view, count = data.View(32, 9, range(9)), opened.count("validation")
    how = {"batch": 32, "augmentation": presets.Augmentation(), "seed": 1, "epochs": range(2)}
    with patch.object(data, "HELD_BYTES", held):
        batches, _ = data.training(opened, view, **how)
        checked = data.validation(opened, view, "validation", 16)
        rounds, steps = strategy.share_validation(mirror, checked, count, 16)
        return {
            "training": [_names(images) for images, _ in batches],
            "training shared": [
                _local(mirror, images) for images, _ in strategy.share_training(mirror, batches, 32)
            ],
            "validation": [_names(images) for images, _ in checked],
            "validation shared": [
                _local(mirror, images)
                for _, (images, _) in zip(range(2 * steps), rounds, strict=False)
            ],
        }


def _names(images):
    return [sha256(np.asarray(image).tobytes()).hexdigest()[:12] for image in images]


def _local(mirror, images):
    return [_names(part.numpy()) for part in mirror.experimental_local_results(images)]


def _drop():
    """Let dropout draw on two devices, and give the state of what it draws from."""
    mirror = strategy.open_strategy("mirrored")
    with mirror.scope():
        layer = keras.layers.Dropout(0.5, seed=7)
        model = keras.Sequential([keras.Input((64,)), layer])
    states = [model.non_trainable_variables[0].numpy().tolist()]
    strategy.vary(mirror, model.non_trainable_variables)

    @tf.function
    def draw():
        return mirror.run(model, (tf.ones((1, 64)),), {"training": True})

    masks = [part.numpy().tolist() for part in mirror.experimental_local_results(draw())]
    states.append(model.non_trainable_variables[0].numpy().tolist())
    return {"masks": masks, "states": states}


if __name__ == "__main__":
    function, folder, target, *more = sys.argv[1:]
    arguments = [json.loads(text) for text in more]
    result = globals()[function](Path(folder), Path(target), *arguments)
    print(json.dumps(result))
