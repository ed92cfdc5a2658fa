"""Write a trained model in a format that runs elsewhere, proved before it is kept."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.atomic import take_name
from datagen.errors import InputError, UsageError
from datagen.lock import workshop

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trainer.dataset import Dataset
    from trainer.export_check import Comparison, Run
    from trainer.model_file import Metadata

SAMPLES = 1000  # pictures that int8 is calibrated on


class Form(StrEnum):
    """What to write."""

    litert = "litert"
    onnx = "onnx"
    saved_model = "saved_model"
    tfjs_ready = "tfjs-ready"


ENDINGS = {Form.litert: ".tflite", Form.onnx: ".onnx"}  # the others are folders


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        path: The file or folder.
        size: Its bytes, all files of a folder together.
        original: Bytes of the model file.
        comparison: How it answers beside the model; None where no dataset was given.
    """

    path: Path
    size: int
    original: int
    comparison: "Comparison | None"


def export(
    model: str | Path,
    form: str,
    out: str | Path,
    *,
    int8: bool = False,
    calibrate: str | Path | None = None,
    check: str | Path | None = None,
) -> Exported:
    """Write a model in another format.

    What is written takes framed pictures (`datagen.frame`), 0 to 255, and gives ``probabilities``
    and ``logits``; how to frame a picture, the classes, the temperature and the rejection stand
    inside. It is read back before it is kept, and compared with the model on the test split of
    `check`, where that is given: the top-1 accuracy may differ by 0.2 points, that of int8 by 0.5.

    Args:
        model: A model file that ``trainer fit`` has written.
        form: ``litert``, ``onnx``, ``saved_model`` or ``tfjs-ready``.
        out: The file (``.tflite``, ``.onnx``) or folder to write; it must not be there.
        int8: Weights and activations as 8-bit integers but for the last layer; LiteRT and ONNX.
        calibrate: The dataset whose training or else validation pictures show how large they get.
        check: A dataset whose test split proves what is written; `calibrate` where that has one.

    Raises:
        UsageError: The arguments don't fit together, or the dataset lacks the split.
        InputError: `out` is there or in the making, the model or a dataset can't be used, a library
            is missing, or what was written answers otherwise than the model.
    """
    from trainer.dataset import label_map, open_dataset
    from trainer.export_check import SPLIT
    from trainer.model_file import load_model

    chosen, target = _check_arguments(form, Path(out), int8, calibrate)
    network, metadata = load_model(model)
    source = None if calibrate is None else open_dataset(calibrate)
    proof = source if check is None else open_dataset(check)
    if check is None and proof is not None and not proof.count(SPLIT):
        proof = None
    for dataset in (source, proof):
        if dataset is not None:
            label_map(dataset, metadata.table)  # refuses classes that the model doesn't know
    if proof is not None:
        proof.shards(SPLIT)
    samples = None if source is None else calibration(source, metadata.frame_size)
    with workshop(target) as scratch:
        beside = scratch / target.name
        run = _write(chosen, network, metadata, samples, beside)
        comparison = _prove(run, network, metadata, proof, target, int8)
        size = _size(beside)
        _check_free(target)
        take_name(beside, target, new=True)
    return Exported(target, size, Path(model).stat().st_size, comparison)


def calibration(dataset: "Dataset", size: int) -> "NDArray[np.uint8]":
    """Take pictures of a dataset's training split, or else of its validation split.

    Args:
        dataset: The dataset.
        size: Side in pixels that they shall have.

    Returns:
        uint8 (n, size, size, 1), 1,000 or as many as there are, evenly spread over the split.

    Raises:
        UsageError: The dataset has neither split.
    """
    import numpy as np

    from trainer.answers import pictures
    from trainer.records import resize

    split = "validation" if "train" not in dataset.splits else "train"
    dataset.shards(split)
    count = dataset.count(split)
    rows = np.linspace(0, count - 1, min(count, SAMPLES)).astype(np.int64)
    return np.asarray(resize(pictures(dataset, split, rows)[..., None], size), np.uint8)


def _check_arguments(
    form: str, out: Path, int8: bool, calibrate: str | Path | None
) -> tuple[Form, Path]:
    if form not in list(Form):
        raise UsageError(f"format (={form!r}) must be one of {', '.join(Form)}")
    chosen = Form(form)
    ending = ENDINGS.get(chosen)
    if ending and out.suffix.lower() != ending:
        raise UsageError(f"out (={out}) must end in {ending} for the format {form}")
    if int8 and not ending:
        raise UsageError(f"int8 is for litert and onnx: the format {form} runs floats only")
    if int8 and calibrate is None:
        raise UsageError("int8 needs pictures to calibrate on: give a dataset with --calibrate")
    if calibrate is not None and not int8:
        raise UsageError("--calibrate is for int8 alone: add --int8 or leave it out")
    _check_free(out)
    return chosen, out


def _check_free(out: Path) -> None:
    if out.exists() or out.is_symlink():
        raise InputError(f"{out} is already there: move it away or give another --out")


def _write(
    form: Form, network: Any, metadata: "Metadata", samples: "NDArray[np.uint8] | None", out: Path
) -> "Run":
    """Write the file or folder and return a function that runs what was written."""
    if form is Form.saved_model:
        from trainer import export_saved_model

        export_saved_model.write(network, metadata, out)
        return export_saved_model.open_model(out)
    if form is Form.tfjs_ready:
        from trainer import export_tfjs

        export_tfjs.write(network, metadata, out)
        return export_tfjs.open_model(out)
    from trainer import litert, onnx_file

    converter = litert if form is Form.litert else onnx_file
    out.write_bytes(converter.convert(network, metadata, samples))
    run: Run
    run, _ = converter.open_model(out.read_bytes())
    return run


def _prove(
    run: "Run",
    network: Any,
    metadata: "Metadata",
    dataset: "Dataset | None",
    target: Path,
    int8: bool,
) -> "Comparison | None":
    from trainer import export_check
    from trainer.infer import Reader

    export_check.prove_runs(run, metadata, target.name)
    if dataset is None:
        return None
    reader = Reader(network, metadata.size)
    comparison = export_check.compare(reader, run, metadata, dataset)
    limits = export_check.INT8 if int8 else export_check.FLOAT
    advice = "calibrate on pictures of its kind" if int8 else "convert with another TensorFlow"
    export_check.require(comparison, limits, target.name, advice)
    return comparison


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)
