"""Model files: Keras' own ``.keras`` archive with one more member that says what is in it.

Keras passes over members that it doesn't know, so the file stays an ordinary Keras model. Nothing
in it is ever unpickled, code stored in a file is refused (``safe_mode``), and so is every class but
those that `trainer` builds models of; see `trainer.model_config`.
"""

import dataclasses
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datagen import characters
from datagen.atomic import atomic_file, atomic_path
from datagen.characters import CharacterTable
from datagen.errors import InputError
from trainer import model_config
from trainer.reject import SCORES, Rejection

MEMBER = "math_vision.json"
_SIDES = ("size", "frame_size")
_EDGE = 512  # pixels; no input is wider
_BROKEN = (RuntimeError, NotImplementedError, EOFError, zlib.error)  # of a zip's member


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a model file says about its model.

    Attributes:
        version: Version of this project that wrote it.
        preset: Preset that it was trained with.
        size: Side of the model's input pictures in pixels.
        frame_size: Side in pixels of the frame that a picture is put into first; where it differs
            from `size`, framed pictures are resized to `size`.
        frame: How pictures are framed, as the dataset's recipe says.
        characters: The class table as CSV text, in the order of the model's outputs.
        parameters: Number of parameters.
        dataset: Name of the dataset that it was trained on.
        dataset_digest: SHA-256 of that dataset's ``manifests/shards.csv``.
        temperature: What the logarithms of the probabilities are divided by before they are shown.
        spread: The part of all probability that the model gives to all classes alike, which is
            taken away first; see `trainer.probabilities.calibrated`.
        rejection: When a picture is none of the classes; None where it was never measured.
    """

    version: str
    preset: str
    size: int
    frame_size: int
    frame: str
    characters: str
    parameters: int
    dataset: str
    dataset_digest: str
    temperature: float = 1.0
    spread: float = 0.0
    rejection: Rejection | None = None

    @property
    def table(self) -> CharacterTable:
        """The class table."""
        return characters.parse(self.characters, "the model's character table")


def save_model(model: Any, path: Path, metadata: Metadata) -> None:
    """Write a model with its metadata, whole or not at all."""
    write_archive(model, path, {MEMBER: dataclasses.asdict(metadata)})


def write_archive(model: Any, path: Path, members: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a ``.keras`` archive with JSON `members` added to it, whole or not at all."""
    with atomic_path(path) as beside:  # which ends in .keras, as Keras insists
        model.save(beside)
        with zipfile.ZipFile(beside, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, value in members.items():
                archive.writestr(name, json.dumps(value, indent=1))


def replace_metadata(path: Path, metadata: Metadata) -> None:
    """Write other metadata into a model file, whole or not at all; all else stays as it is."""
    with (
        atomic_file(path) as file,
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.infolist():
            if member.filename != MEMBER:
                new.writestr(member, old.read(member), member.compress_type)
        new.writestr(MEMBER, json.dumps(dataclasses.asdict(metadata), indent=1))


def load_model(path: str | Path) -> tuple[Any, Metadata]:
    """Read a model written by `save_model`.

    Returns:
        The `keras.Model`, uncompiled, and its metadata.

    Raises:
        InputError: The file is missing, is no Keras model, or isn't one that `trainer` wrote.
    """
    file = Path(path)
    metadata = parse_metadata(read_member(file, MEMBER), file)
    model = load_archive(file)
    outputs, size = model.output_shape[-1], model.input_shape[1]
    if outputs != len(metadata.table) or size != metadata.size:
        raise InputError(
            f"{file}: the model gives {outputs} classes for {size} px pictures but its "
            f"{MEMBER} states {len(metadata.table)} and {metadata.size}: the file was put together "
            "wrongly; train it again"
        )
    return model, metadata


def load_archive(path: Path) -> Any:
    """Read a ``.keras`` archive, uncompiled, without running code stored in it.

    Raises:
        InputError: It asks for what `trainer` doesn't build, or Keras can't read it.
    """
    import keras

    model_config.check(read_member(path, "config.json"), path)
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a broken or hostile file can fail anywhere within Keras
        reason = " ".join(str(error).split())[:160]
        raise InputError(
            f"{path}: Keras can't load this model ({reason}…); train or download it again"
        ) from error


def read_member(path: Path, name: str) -> dict[str, Any]:
    """Return a JSON member of an archive.

    Raises:
        InputError: The file is missing, no archive, or has no such member.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file: give a model.keras that `trainer fit` has written")
    try:
        with zipfile.ZipFile(path) as archive:
            value = json.loads(archive.read(name))
    except zipfile.BadZipFile as error:
        raise InputError(
            f"{path} isn't a Keras model: give a model.keras that `trainer fit` has written"
        ) from error
    except (KeyError, ValueError, RecursionError, *_BROKEN) as error:
        raise InputError(
            f"{path} has no readable {name}, so it isn't a model that `trainer fit` has written"
        ) from error
    if not isinstance(value, dict):
        raise InputError(f"{path}: its {name} holds no table; train the model again")
    return value


def parse_metadata(value: Mapping[str, Any], path: Path) -> Metadata:
    """Return the metadata that a file states as JSON.

    Args:
        value: What its `MEMBER` holds.
        path: What to call the file in errors.

    Raises:
        InputError: Something is missing, or this version doesn't know what it names.
    """
    fields = dataclasses.fields(Metadata)
    lacking = [f.name for f in fields if f.name not in value and f.default is dataclasses.MISSING]
    if lacking:
        raise InputError(
            f"{path}: its {MEMBER} lacks {lacking[0]!r}; make it again with this version"
        )
    known = {field.name: value[field.name] for field in fields if field.name in value}
    temperature, spread = known.get("temperature", 1.0), known.get("spread", 0.0)
    if (
        not isinstance(known["characters"], str)
        or not all(type(known[side]) is int and 8 <= known[side] <= _EDGE for side in _SIDES)
        or known["frame"] not in ("tight", "em")
        or type(temperature) not in (int, float)
        or not 0 < temperature < float("inf")
        or type(spread) not in (int, float)
        or not 0 <= spread < 1
    ):
        raise InputError(f"{path}: its {MEMBER} states values that no model has; train it again")
    if known.get("rejection") is not None:
        known["rejection"] = _rejection(path, known["rejection"])
    return Metadata(**known)


def _rejection(path: Path, value: Any) -> Rejection:
    try:
        rejection = Rejection(**value)
    except TypeError as error:
        raise InputError(f"{path}: its {MEMBER} states no usable rejection ({error})") from error
    if rejection.score not in SCORES:
        raise InputError(
            f"{path}: its {MEMBER} names the score {rejection.score!r}, which this version doesn't "
            f"know ({', '.join(SCORES)}): use the version that wrote it"
        )
    return rejection
