"""What can be wrong with real pictures: one small module a check, registered by name.

A check looks at a `View` and yields findings. To add one, write a function `find(view)` in a module
of its own and name it in `datagen.check_names`; recipes and the command line then know it.
"""

import functools
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen import features
from datagen.characters import CharacterTable
from datagen.check_names import CHECKS
from datagen.recipe_curate import Curate
from datagen.survey import Pictures

if TYPE_CHECKING:
    from datagen.checks.nearest import Neighbours

Verdict = Literal["keep", "drop", "relabel", "review"]


class Finding(NamedTuple):
    """What a check says of one picture.

    Attributes:
        row: Its number.
        verdict: What to do with it.
        reason: Why, in words.
        score: 0 to 1, 1 the worst of its check.
        suggested: The label that it should have, or -1.
    """

    row: int
    verdict: Verdict
    reason: str
    score: float
    suggested: int = -1


@dataclass(frozen=True)
class Network:
    """What a network says of every picture when it was trained on the others.

    Attributes:
        probabilities: float32, shape (n, classes), out of fold.
        features: float32, shape (n, d), of the layer before the classes; each fold has its own.
        fold: uint8, which fold a picture was held out in.
        several: float32, shape (n,), out-of-fold probability of several symbols in one picture;
            ``probabilities`` are those of the classes if it shows one.
        fragment: float32, shape (n,), out-of-fold probability of a part of a symbol.
    """

    probabilities: NDArray[np.float32]
    features: NDArray[np.float32]
    fold: NDArray[np.uint8]
    several: NDArray[np.float32]
    fragment: NDArray[np.float32]


@dataclass
class View:
    """What a check sees.

    Attributes:
        pictures: The pictures; labels are those of a person where one decided.
        pixels: uint8, shape (n, size, size), framed; a memory map.
        characters: The classes.
        limits: The recipe's thresholds.
        alive: Which pictures no earlier check dropped.
        network: What the network says; None where it was not run.
    """

    pictures: Pictures
    pixels: NDArray[np.uint8]
    characters: CharacterTable
    limits: Curate
    alive: NDArray[np.bool_]
    network: Network | None = None

    @functools.cached_property
    def embedding(self) -> features.Embedding:
        """What makes `vectors` of pictures."""
        return features.learn(self.pixels)

    @functools.cached_property
    def vectors(self) -> NDArray[np.float32]:
        """float32, shape (n, 64), in which near copies lie close together."""
        return self.embedding.apply(self.pixels)

    @functools.cached_property
    def neighbours(self) -> "Neighbours":
        """Nearest neighbours within each label, among the pictures alive when first asked for."""
        from datagen.checks.nearest import within

        return within(self)

    @functools.cached_property
    def shapes(self) -> NDArray[np.int64]:
        """int64, for each label the first label of its confusable group."""
        return np.array(self.characters.shapes, np.int64)

    def code(self, label: int) -> str:
        """Code point of a label."""
        return self.characters[int(label)].codepoint

    def origin(self, row: int) -> str:
        """Where a picture comes from."""
        return self.pictures.origins[row]


def find(name: str, view: View) -> Iterator[Finding]:
    """Run one check."""
    if not CHECKS[name]:
        return
    check: Callable[[View], Iterator[Finding]] = importlib.import_module(CHECKS[name]).find
    yield from check(view)
