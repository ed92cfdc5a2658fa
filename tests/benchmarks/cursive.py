"""How models read letters cut out of joined writing.

    python tests/benchmarks/cursive.py [MODEL.keras ...] [--sheet FILE.png] [--average 1] [--adapt]

No set of such letters is at hand. So words are written in the connected families of script, and
each letter is cut out between the places where it begins and ends, a little off them: joins stay,
and bits of its neighbours. Most models know these families from training, though not joined and
cut; one that was trained without `script` (`styles = { script = 0 }` in a recipe) knows nothing of
them, and tells what to expect of a hand never seen.

Prints accuracy, strict / with look-alikes as one, of small letters inside words and of capitals at
their beginning, each the mean of the families, and the letters that are read worst.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import string

import cv2
import numpy as np
from levers_common import SHAPES, TABLE, arguments, as_read, score
from PIL import Image, ImageDraw, ImageFont

from datagen.fonts import fonts
from datagen.frame import FrameError, frame
from trainer import model_file

SIZE = 96  # pixels an em
TIMES = 12  # of each letter and face
CONNECTED = 0.7  # of words of two letters, share that is one piece of ink
CASES = {"small letters": string.ascii_lowercase, "capitals": string.ascii_uppercase}


def written(font, text):
    """A word, ink bright on black, with a margin of an em; int places where its letters begin."""
    picture = Image.new("L", (round(font.getlength(text)) + 2 * SIZE, 3 * SIZE))
    ImageDraw.Draw(picture).text((SIZE, SIZE), text, fill=255, font=font)
    return np.asarray(picture), [SIZE + font.getlength(text[:n]) for n in range(len(text) + 1)]


def connected(font):
    """Whether small letters of a font join."""
    rng = np.random.default_rng(0)
    pairs = ["".join(rng.choice(list("acdehilmnu"), 2)) for _ in range(40)]
    pieces = [cv2.connectedComponents(np.uint8(written(font, pair)[0] > 100))[0] for pair in pairs]
    return np.mean(np.array(pieces) - 1 == [1 + pair.count("i") for pair in pairs]) >= CONNECTED


def cut(font, letter, rng):
    """A letter cut out of a word, dark on light; None where nothing of it is left."""
    before, after = rng.choice(list(string.ascii_lowercase), 2)
    word = letter + after if letter.isupper() else before + letter + after
    picture, places = written(font, word)
    at = word.rindex(letter, 0, -1)
    wide = places[at + 1] - places[at]
    start = places[at] + rng.normal(0, 0.06) * wide if at else 0
    end = places[at + 1] + rng.normal(0, 0.06) * wide
    try:
        return frame(255 - picture[:, round(start) : round(end)])
    except FrameError:
        return None


def letters():
    """Framed pictures, labels and families of each case."""
    rng = np.random.default_rng(0)
    found = {name: ([], [], []) for name in CASES}
    for face in fonts().faces:
        if face.style != "script":
            continue
        font = ImageFont.truetype(face.path, SIZE, face.index)
        if not connected(font):
            continue
        for name, wanted in CASES.items():
            for letter in [letter for letter in wanted for _ in range(TIMES)]:
                picture = cut(font, letter, rng)
                if picture is not None:
                    for values, value in zip(
                        found[name], (picture, TABLE.labels[letter], face.family), strict=True
                    ):
                        values.append(value)
    return {name: tuple(map(np.array, values)) for name, values in found.items()}


def by_family(answers, labels, families):
    """The mean of the families' scores: some have many faces."""
    each = [
        score(answers[families == family], labels[families == family])
        for family in np.unique(families)
    ]
    return np.mean(each, axis=0)


def worst(said, labels, count=8):
    """The letters that are read worst: of each the share in percent, look-alikes as one."""
    right = SHAPES[said] == SHAPES[labels]
    shares = {label: 100 * right[labels == label].mean() for label in np.unique(labels)}
    chosen = sorted(shares, key=shares.get)[:count]
    return ", ".join(f"{TABLE[label].char} {shares[label]:.0f}" for label in chosen)


def main():
    options = arguments(__doc__.splitlines()[0], sheet=True).parse_args()
    sets = letters()
    families = sorted({family for *_, names in sets.values() for family in names})
    print(f"{', '.join(families)}: {sum(len(y) for _, y, _ in sets.values()):,} letters")
    for path in options.models:
        network, metadata = model_file.load_model(path)
        print(path)
        for name, (pictures, labels, names) in sets.items():
            found = as_read(network, metadata, pictures, options.average, options.adapt)
            strict, free = by_family(found, labels, names)
            print(f"  {name:14}{strict:5.1f} / {free:5.1f}   {worst(found.argmax(1), labels)}")
    if options.sheet:
        rows = [np.hstack(list(x[first : first + 24])) for x, *_ in sets.values()
                for first in range(0, len(x) - 24, 12 * 29)]  # fmt: skip
        cv2.imwrite(str(options.sheet), 255 - np.vstack(rows))


if __name__ == "__main__":
    main()
