"""What the page to draw on shows for a picture: its frame, the answer and the nearest samples."""

import dataclasses
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from datagen import pictures
from datagen.frame import FrameError, Mode, frame
from trainer.infer import Reading
from trainer.model_file import Metadata
from trainer.predict import Candidate, Verdict
from trainer.probabilities import calibrated, ranked
from trainer.reject import known

if TYPE_CHECKING:  # it needs pandas, which takes longer to import than all the rest
    from trainer.demo_nearest import Neighbour, Samples

NAME = "picture"  # what errors call it
TOP = 5  # candidates shown
NEAREST = 8  # training samples shown
LONGEST = 1600  # pixels of an edge; a photo of 12 million pixels would take 2 s to frame


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What is said about one picture.

    Attributes:
        verdict: ``known`` for one of the classes, ``unknown`` for something else, ``empty`` for no
            ink at all; None where the model has no threshold to tell by.
        candidates: The answer (`trainer.probabilities.answered`), then the likeliest other classes,
            whatever the verdict; none without ink.
        alike: Classes that look like the first candidate in a tight frame, it among them.
        together: Their probabilities in sum.
        framed: What the model sees, uint8 (size, size); None without ink.
        nearest: The training samples most like it; None where they weren't asked for.
        reason: Why there is no ink.
    """

    verdict: Verdict | None
    candidates: tuple[Candidate, ...] = ()
    alike: tuple[str, ...] = ()
    together: float = 0.0
    framed: NDArray[np.uint8] | None = None
    nearest: "tuple[Neighbour, ...] | None" = None
    reason: str | None = None


class Answerer:
    """A model, and the samples it was trained on if given, that pictures are shown to.

    Args:
        reader: The model.
        metadata: What belongs to it.
        samples: To find the nearest of.
    """

    def __init__(
        self, reader: Reading, metadata: Metadata, samples: "Samples | None" = None
    ) -> None:
        self.metadata, self.samples = metadata, samples
        self._reader, self._table = reader, metadata.table
        # Runtimes take one picture at a time, and Pillow's decoding isn't thread-safe either.
        self._turn = threading.Lock()
        self._say(np.zeros((metadata.frame_size, metadata.frame_size), np.uint8))  # compile it now

    def answer(self, file: bytes, nearest: bool = False) -> Answer:
        """Say what is on a picture; safe to call from several threads.

        Args:
            file: The bytes of a picture file.
            nearest: Look for training samples like it too.

        Raises:
            InputError: It is no picture, or a broken one.
        """
        with self._turn:
            picture = _smaller(pictures.decode(file, NAME))
            metadata = self.metadata
            try:
                framed = frame(picture, metadata.frame_size, cast(Mode, metadata.frame))
            except FrameError as error:
                return Answer(Verdict.empty, reason=str(error))
            said = self._say(framed)
            if nearest and self.samples is not None:
                said = dataclasses.replace(said, nearest=self._nearest(picture, framed))
            return said

    def rest(self, seconds: float) -> None:
        """Take no more pictures; wait so long for the one being read.

        A program that ends while a runtime works in another thread can crash.
        """
        self._turn.acquire(timeout=seconds)

    def _say(self, framed: NDArray[np.uint8]) -> Answer:
        metadata, table = self.metadata, self._table
        logits = self._reader.logits(framed[None, :, :, None])
        verdict = None
        if metadata.rejection is not None:
            ours = known(logits, metadata.temperature, table.shapes, metadata.rejection)[0]
            verdict = Verdict.known if ours else Verdict.unknown
        row = calibrated(logits, metadata.temperature, metadata.spread)[0]
        shapes = table.shapes
        best = ranked(row[None], shapes)[0, :TOP].tolist()
        found = [Candidate(table[n].codepoint, table[n].char, float(row[n])) for n in best]
        alike = [n for n in range(len(table)) if shapes[n] == shapes[best[0]]]
        return Answer(
            verdict=verdict,
            candidates=tuple(found),
            alike=tuple(table[n].char for n in alike),
            together=float(row[alike].sum()),
            framed=framed,
        )

    def _nearest(
        self, picture: pictures.Array, framed: NDArray[np.uint8]
    ) -> "tuple[Neighbour, ...]":
        metadata, samples = self.metadata, cast("Samples", self.samples)
        dataset = samples.dataset
        if (dataset.size, dataset.frame) != (metadata.frame_size, metadata.frame):
            framed = frame(picture, dataset.size, cast(Mode, dataset.frame))
        return tuple(samples.nearest(framed, NEAREST))


def _smaller(picture: pictures.Array) -> pictures.Array:
    """Shrink a large picture by averaging, transparency too."""
    height, width = picture.shape[:2]
    scale = LONGEST / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
