"""Pictures that were left out are in no shard: read them again, or draw them again."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen import forms, hands
from datagen.augment import Pipeline
from datagen.canvas import Canvas, Glyph
from datagen.characters import CharacterTable
from datagen.claim import STATE
from datagen.errors import InputError, UsageError
from datagen.font_files import find_fonts
from datagen.frame import FrameError, Mode, frame, place
from datagen.ink import gray
from datagen.raster import OpenFace
from datagen.recipe import Recipe
from datagen.remote import Location
from datagen.report_reasons import Example, LeftOut, Reason
from datagen.sources import Chunk, Picture, Source, Unreadable, open_source
from datagen.sources.files import FileChunk, read_picture
from datagen.strokes import Strokes
from datagen.synthesis import ORIGIN

Gray = NDArray[np.uint8]
Place = tuple[str, Location, Mapping[str, object]]
"""Kind, path and options of a source."""

_OVERSAMPLE = 4  # pixels of an em that a glyph is drawn at, for each pixel of the frame
_ABSENT = "not in the font"  # the one reason without a glyph to draw


def read_reasons(
    reasons: Sequence[Reason],
    places: Mapping[str, Place],
    table: CharacterTable,
    size: int,
    mode: Mode,
    known: Mapping[str, str],
) -> list[str]:
    """Read the chosen pictures of some reasons again from their sources.

    Args:
        reasons: Their `examples` are filled.
        places: Where each source lies, by name.
        table: The classes.
        size: Edge of a frame in pixels.
        mode: ``tight`` or ``em``.
        known: What the fingerprint of a source was, by name.

    Returns:
        What could not be done, a sentence each.
    """
    notes = []
    chosen = [one for reason in reasons for one in reason.chosen]
    twins = {one.twin for one in chosen if one.twin}
    pictures: dict[tuple[str, str], Gray] = {}
    for name, (kind, path, options) in places.items():
        wanted = {one.origin for one in chosen if one.source == name} | twins
        if not any(one.source == name for one in chosen):
            continue
        try:
            source = open_source(kind, path, table, options)
            if known.get(name, now := source.fingerprint()) != now:
                notes.append(f"{name} has changed since: the pictures shown may be others")
            for origin, picture in read_again(source, wanted):
                pictures[name, origin] = _framed(picture, size, mode)
        except (InputError, UsageError) as error:
            notes.append(
                f"Pictures of {name} can't be shown, since its source is not at hand ({error}); "
                f"say where it lies with --source {name}=PATH"
            )
    anywhere = {origin: picture for (_, origin), picture in pictures.items()}
    for reason in reasons:
        for one in reason.chosen:
            pixels = pictures.get((one.source, one.origin))
            if pixels is not None:
                twin = pictures.get((one.source, one.twin), anywhere.get(one.twin))
                reason.examples.append(Example(one, pixels, twin))
    return notes


def read_again(source: Source, origins: Collection[str]) -> Iterator[tuple[str, Picture]]:
    """Read pictures of a source again, all in one pass, leaving out those that can't be read.

    Args:
        source: The source; its own `read` searches it anew for each picture.
        origins: Origins of the pictures; those that the source lacks are passed over.

    Raises:
        InputError: The source is broken as a whole.
    """
    left = set(origins)
    for chunk in source.index():
        if not left:
            return
        numbers = [n for n, row in enumerate(chunk.rows) if row.origin in left]
        left -= {chunk.rows[number].origin for number in numbers}
        yield from _pick(source, chunk, numbers)


def _pick(source: Source, chunk: Chunk, numbers: list[int]) -> Iterator[tuple[str, Picture]]:
    # Rows that are refused are left to the source, which knows whether it is safe to open them.
    refused = [number for number in numbers if chunk.rows[number].reason]
    wanted = [number for number in numbers if not chunk.rows[number].reason]
    if isinstance(chunk, FileChunk):  # reading a whole chunk of files for one would take long
        for number in wanted:
            origin = chunk.rows[number].origin
            try:
                yield origin, read_picture(chunk.root, chunk.keys[number], origin)
            except InputError:
                continue  # it was left out for just that
    elif wanted:
        for number, picture in enumerate(chunk.load()):
            if number in wanted and not isinstance(picture, Unreadable):
                yield chunk.rows[number].origin, picture
    for number in refused:
        try:
            yield chunk.rows[number].origin, source.read(chunk.rows[number].origin)
        except InputError:
            continue


def _framed(picture: Picture, size: int, mode: Mode) -> Gray:
    """The frame; where there is none, the picture itself, made small."""
    try:
        return frame(picture.pixels, size, mode)
    except FrameError:
        pass
    try:
        levels = gray(picture.pixels)
    except FrameError:
        return np.zeros((size, size), np.uint8)
    scale = size / max(levels.shape)
    height, width = (max(1, round(edge * scale)) for edge in levels.shape)
    small = cv2.resize(levels, (width, height), interpolation=cv2.INTER_AREA)
    whole = np.full((size, size), 128, np.uint8)  # neither paper nor ink: what lies beside it
    top, left = (size - height) // 2, (size - width) // 2
    whole[top : top + height, left : left + width] = small
    return whole


def draw_reasons(
    reasons: Sequence[Reason],
    recipe: Recipe,
    table: CharacterTable,
    hashes: Mapping[str, str],
) -> list[str]:
    """Draw the chosen glyphs of some reasons again, as the font has them, without augmentation.

    Args:
        reasons: Their `examples` are filled.
        recipe: The dataset's recipe.
        table: The classes.
        hashes: SHA-256 of the font files by name of the font.

    Returns:
        What could not be done, a sentence each.
    """
    chosen = [(reason, one) for reason in reasons for one in reason.chosen]
    if recipe.drawn is None or not chosen:
        return []
    source = recipe.sources[recipe.drawn]
    try:
        files = find_fonts([Path(folder) for folder in source.folders], source.installed).files
    except InputError as error:
        return [f"Glyphs can't be drawn again, since their fonts are not at hand ({error})"]
    paths: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        paths[file.path.name].append(file.path)
    missing = set()
    for reason, one in chosen:
        label = table.find(one.codepoint)
        if label is None or one.reason == _ABSENT or one.source != recipe.drawn:
            continue
        name, sha256, index, axes = _font_of(one, hashes)
        char = table[label].char
        path = next((path for path in paths[name] if _has_hash(path, sha256)), None)
        if path is not None:
            pixels = _drawn(path, index, axes, char, recipe.size)
        elif name == hands.NAME and forms.load().sha256.startswith(sha256):
            pixels = _written(index, axes, char, recipe.size)
        else:
            missing.add(name)
            continue
        reason.examples.append(Example(one, pixels))
    return [
        f"{name} is not at hand or has changed: its glyphs are not shown"
        for name in sorted(missing)
    ]


def _font_of(one: LeftOut, hashes: Mapping[str, str]) -> tuple[str, str, int, tuple[float, ...]]:
    """File name, beginning of its hash, number of the face, values of its axes."""
    match = ORIGIN.fullmatch(one.origin)
    if match is None:
        name, _, index = one.origin.rpartition("/")
        return name, hashes.get(one.origin, "none"), int(index) if index.isdecimal() else 0, ()
    name, sha256, index, values, _ = match.groups()
    axes = tuple(float(pair.partition("=")[2]) for pair in values.split(";") if pair)
    return name, sha256, int(index), axes


def _has_hash(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest().startswith(sha256)
    except OSError:
        return False


def _drawn(path: Path, index: int, axes: tuple[float, ...], char: str, size: int) -> Gray:
    try:
        font = OpenFace(str(path), index)  # a new one, at the default place of its axes
        font.set(_OVERSAMPLE * size, axes)
        return place(font.draw(char)[0], size)
    except InputError:
        return np.zeros((size, size), np.uint8)  # it was left out for just that


def _written(index: int, axes: tuple[float, ...], char: str, size: int) -> Gray:
    face = hands.faces(index + 1, {char: 0})[-1]
    canvas = Canvas(size, "tight", Pipeline(()), Strokes((), ""))
    try:
        return place(canvas.draw([Glyph(face, axes, char)], [0])[0], size)
    except FrameError:
        return np.zeros((size, size), np.uint8)


def fingerprints(folder: Path, kind: str) -> dict[str, str]:
    """Return what the sources were when a dataset or a curation was made, where it is known."""
    try:
        identity = json.loads((folder / STATE / f"{kind}.json").read_text(encoding="utf-8"))
        pairs = [(str(key), str(value)) for key, value in identity.items()]
    except (OSError, ValueError, AttributeError):
        return {}
    return {key.removeprefix("source "): value for key, value in pairs if key.startswith("source ")}
