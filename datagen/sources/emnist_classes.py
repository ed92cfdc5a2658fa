"""Which character each label of EMNIST stands for, and what to do where it stands for two.

In three of the six parts one class holds a capital and its small letter: all 26 in Letters, and in
ByMerge and Balanced the fifteen whose two shapes are alike (Cohen, Afshar, Tapson and van Schaik,
"EMNIST: an extension of MNIST to handwritten letters", 2017, arXiv:1702.05373). The
mapping files of ByMerge and Balanced don't say so: they name the capital alone.
"""

from collections.abc import Mapping

from datagen.characters import CharacterTable
from datagen.errors import InputError, UsageError

MERGED = "CIJKLMOPSUVWXYZ"
"""The letters whose capital and small form are one class in ByMerge and Balanced."""

POLICIES = ("refuse", "upper", "lower")

MAPPING_BYTES = 1 << 16  # 64 KiB, the most that is read of a mapping file


def parse_mapping(data: bytes, where: str) -> dict[int, tuple[int, ...]]:
    """Read a mapping file: a line a class, its label and then one or two decimal code points.

    Raises:
        InputError: A line is wrong, or there are none; `where` names the file.
    """
    mapping: dict[int, tuple[int, ...]] = {}
    for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            label, *points = (int(word) for word in line.split())
        except ValueError:
            label, points = -1, []
        if label < 0 or label in mapping or not 1 <= len(points) <= 2 or not _valid(points):
            raise InputError(
                f"{where}: line {number} is {line[:40]!r}; it must be a new label and its code "
                "point, such as '10 65'"
            )
        mapping[label] = tuple(points)
    if not mapping:
        raise InputError(f"{where}: the mapping is empty")
    return mapping


def classes(
    mapping: Mapping[int, tuple[int, ...]], part: str, merged: str, characters: CharacterTable
) -> dict[int, tuple[int, str]]:
    """Return for each label of EMNIST the label in `characters`, or -1 and why there is none.

    Raises:
        UsageError: Classes of this part stand for two characters and `merged` is ``refuse``.
    """
    double = [points for points in mapping.values() if _is_merged(points, part)]
    if double and merged == "refuse":
        letters = " ".join(chr(points[0]) for points in double)
        raise UsageError(
            f"EMNIST {part}: one class holds the capital and the small form of {letters}, so the "
            "labels don't say which it is; use byclass, or choose merged='upper' or 'lower'"
        )
    found = {}
    for label, points in mapping.items():
        point = points[0]
        if _is_merged(points, part):
            letter = chr(point)
            point = ord(letter.lower() if merged == "lower" else letter.upper())
        name = f"U+{point:04X}"
        try:
            found[label] = characters.label(name), ""
        except InputError as error:
            found[label] = -1, str(error)
    return found


def _is_merged(points: tuple[int, ...], part: str) -> bool:
    return len(points) > 1 or (part in ("bymerge", "balanced") and chr(points[0]) in MERGED)


def _valid(points: list[int]) -> bool:
    return all(0 < point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF for point in points)
