"""The training samples that look most like a picture, and where each came from.

By pixels and not by the model's features: no model has to run over a hundred thousand samples
before the page opens, exported models do for it too, and what is found is evidence beside the
model's answer, not a repetition of it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen import console, shards
from trainer.dataset import Dataset
from trainer.evaluation_data import origins

MOST = 200_000  # samples held: 1 KiB for the pixels of 32 x 32 and 1 KiB to compare by
SPLIT = "train"
_CHUNK = 4096  # samples made ready to be compared at a time
_TINY = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """A training sample that looks like a picture.

    Attributes:
        char: What it shows.
        id: Its id, for `datagen show`.
        source: Name of its source.
        group: Font family or writer; empty where the manifests don't know the sample.
        origin: Where exactly its pixels come from; empty likewise.
        likeness: Correlation of the two pictures' pixels, at most 1.
        pixels: uint8, shape (size, size).
    """

    char: str
    id: str
    source: str
    group: str
    origin: str
    likeness: float
    pixels: NDArray[np.uint8]


class Samples:
    """The training samples of a dataset, to be searched.

    Args:
        dataset: The dataset; of one with more than `most`, an even share of every shard is taken.
        most: Samples to hold.

    Raises:
        InputError: A record or a manifest can't be read.
        UsageError: The dataset has no training samples.
    """

    def __init__(self, dataset: Dataset, most: int = MOST) -> None:
        parts = dataset.shards(SPLIT)
        share = min(1.0, most / dataset.count(SPLIT))
        counts = [max(1, int(part.records * share)) for part in parts]
        self.dataset = dataset
        self._pixels = np.zeros((sum(counts), dataset.size, dataset.size), np.uint8)
        self._about: list[tuple[int, str, str]] = []
        with console.progress("training samples", len(self._pixels), "read") as advance:
            for shard, count in zip(parts, counts, strict=True):
                records = shards.read(shard.path, dataset.size)
                for _, record in zip(range(count), records, strict=False):
                    self._pixels[len(self._about)] = record.image
                    self._about.append((record.label, record.id, record.source))
                advance(count)
        self._pixels = self._pixels[: len(self._about)]
        edge = dataset.size // 2
        self._features = np.empty((len(self), edge * edge), np.float32)
        for start in range(0, len(self), _CHUNK):
            part = slice(start, start + _CHUNK)
            self._features[part] = _features(self._pixels[part])
        self._groups, self._origins = origins(dataset, SPLIT, [id_ for _, id_, _ in self._about])

    def __len__(self) -> int:
        return len(self._pixels)

    def nearest(self, framed: NDArray[np.uint8], count: int) -> list[Neighbour]:
        """Return the samples most like a picture, the most alike first.

        Args:
            framed: uint8, shape (size, size), framed as the dataset's own pictures are.
            count: How many, if there are as many.
        """
        likeness = self._features @ _features(framed[None])[0]
        count = min(count, len(likeness))
        best = np.argpartition(-likeness, count - 1)[:count]
        return [
            self._neighbour(int(row), float(likeness[row]))
            for row in best[np.argsort(-likeness[best], kind="stable")]
        ]

    def _neighbour(self, row: int, likeness: float) -> Neighbour:
        label, id_, source = self._about[row]
        return Neighbour(
            char=self.dataset.characters[label].char,
            id=id_,
            source=source,
            group=self._groups[row],
            origin=self._origins[row],
            likeness=likeness,
            pixels=self._pixels[row],
        )


def _features(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Blur and halve pictures, so that a shift by a pixel matters less; unit vectors (n, d).

    Of a mixed dataset's samples the nearest other one then has the same label for 63 %, for 60 %
    without the blur.
    """
    count, half = len(pixels), pixels.shape[1] // 2
    blocks = pixels[:, : half * 2, : half * 2].reshape(count, half, 2, half, 2)
    small = np.pad(blocks.sum((2, 4), dtype=np.float32), ((0, 0), (1, 1), (1, 1)))
    small = small[:, :-2] + 2 * small[:, 1:-1] + small[:, 2:]
    small = small[:, :, :-2] + 2 * small[:, :, 1:-1] + small[:, :, 2:]
    vectors: NDArray[np.float32] = small.reshape(count, half * half)
    vectors -= vectors.mean(1, keepdims=True)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + _TINY
    return vectors
