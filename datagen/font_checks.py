"""Which characters of a face are drawn as another character of the same face.

Thresholds were read off all characters of 636 font files of 200 families.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from datagen.characters import CharacterTable
from datagen.font_drawings import SAME_PICTURE, Drawing, distances

# Ascenders are this much taller than x-height letters, or the small letters are capitals: those
# of fonts without small letters measure up to 1.01, of all others from 1.18 (Anton).
ASCENDER = 1.1
# Median distance of a capital and its small letter; guards letters of even height that are small
# letters nevertheless. Fonts without small letters measure up to 0.18 (small capitals of Cinzel).
CAPITAL = 0.25
_TALL = "bdfhkl"
_LOW = "acemnorsuvwxz"
_ENOUGH = 3  # letters of each kind; with fewer no height can be called typical


def wrong_pictures(drawings: Mapping[int, Drawing], characters: CharacterTable) -> dict[int, str]:
    """Return the labels whose picture is another class's, each with the reason.

    Classes of one confusable group look alike by nature; they are compared only where a small
    letter may be its capital, at the same size in the same place.

    Args:
        drawings: For each label, how the face draws it.
        characters: The classes.
    """
    labels = sorted(drawings)
    if not labels:
        return {}
    near = distances(np.stack([drawings[label].picture for label in labels]))
    wrong = _drawn_as_capitals(drawings, characters, near, labels)
    small = set(wrong)
    shapes = characters.shapes
    for row, column in np.argwhere(np.triu(near < SAME_PICTURE, 1)):
        a, b = labels[row], labels[column]
        # A capital is right even where its small letter, already found wrong, looks the same.
        if shapes[a] != shapes[b] and a not in small and b not in small:
            wrong.setdefault(a, f"looks like {characters[b].codepoint}")
            wrong.setdefault(b, f"looks like {characters[a].codepoint}")
    return wrong


def _drawn_as_capitals(
    drawings: Mapping[int, Drawing],
    characters: CharacterTable,
    near: npt.NDArray[np.float32],
    labels: list[int],
) -> dict[int, str]:
    """Return the small letters that are capitals, full or small ones."""
    row = {label: number for number, label in enumerate(labels)}
    by_char = {characters[label].char: label for label in labels}
    twins = [
        (label, by_char[char.upper()])
        for char, label in by_char.items()
        if char.islower() and char.upper() in by_char
    ]
    shapes = characters.shapes
    apart = [near[row[a], row[b]] for a, b in twins if shapes[a] != shapes[b]]
    all_small = bool(apart) and np.median(apart) < CAPITAL and _even_height(drawings, by_char)
    wrong = {}
    for letter, capital in twins:
        if shapes[letter] == shapes[capital]:
            same = drawings[letter].is_copy_of(drawings[capital])
        else:
            same = bool(near[row[letter], row[capital]] < SAME_PICTURE)
        if all_small or same:
            wrong[letter] = f"drawn as {characters[capital].codepoint}"
    return wrong


def _even_height(drawings: Mapping[int, Drawing], by_char: Mapping[str, int]) -> bool:
    tall = [drawings[by_char[c]].height for c in _TALL if c in by_char]
    low = [drawings[by_char[c]].height for c in _LOW if c in by_char]
    enough = min(len(tall), len(low)) >= _ENOUGH
    return enough and bool(np.median(tall) < ASCENDER * np.median(low))
