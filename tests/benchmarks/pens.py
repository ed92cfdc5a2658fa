"""How models read the same handwriting in another pen: a marker, a hair line, a pencil on a form.

    python tests/benchmarks/pens.py [MODEL.keras ...] [--average 1] [--adapt]

Sets from markers and pencils are not at hand. So the strokes of the letters and digits of a tablet
and of the digits of the census (../shared/data) are found and drawn again. What a model loses by a
pen is then known of real shapes; how people form letters with such a pen isn't.

- `as it is`: the pictures whose strokes were found, unchanged; the others are counted.
- `pen`: drawn again, 7 % of the longer side wide.
- `marker`: 22 % wide, on a large white canvas.
- `hair line`: 2 % wide, at 45 pixels.
- `pencil`: 6 % wide, faint and grainy on gray paper, printed lines cut away straight through it.

Prints accuracy: strict / with look-alikes as one.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
from levers_common import arguments, as_read, score, tests

from datagen import skeleton
from datagen.frame import FrameError, frame
from trainer import model_file

FINE = 128  # pixels; edge that pictures are enlarged to before strokes are looked for
CANVAS = 256
SETS = ("pen strokes", "digits")


def written(picture):
    """The strokes of a framed picture, in -1..1; None where they are not clear."""
    large = cv2.resize(picture, (FINE, FINE), interpolation=cv2.INTER_CUBIC)
    found = skeleton.strokes(large)
    if not found.lines or found.fit < 0.9:
        return None
    points = np.concatenate(found.lines)
    low, high = points.min(axis=0), points.max(axis=0)
    half = max((high - low).max() / 2, 1)
    return [(line - (low + high) / 2) / half for line in found.lines]


def drawn(lines, width, half, edge=CANVAS):
    """Ink bright on black, `edge` pixels; strokes `width` of the longer side, which is 2 `half`."""
    picture = np.zeros((edge, edge), np.uint8)
    places = [np.rint((line * half + (edge - 1) / 2) * 16).astype(np.int32) for line in lines]
    cv2.polylines(picture, places, False, 255, max(1, round(width * 2 * half)), cv2.LINE_AA, 4)
    return picture


def marker(lines, rng):
    return 255 - drawn(lines, 0.22, CANVAS * rng.uniform(0.2, 0.35))


def hair(lines, rng):
    return 255 - drawn(lines, 0.02, 20, 45)


def pencil(lines, rng):
    half = CANVAS * 0.32
    ink = drawn(lines, 0.06, half).astype(np.float32)
    grain = cv2.GaussianBlur(rng.standard_normal(ink.shape).astype(np.float32), (0, 0), 1.5)
    ink *= np.clip(0.75 + 0.9 * grain, 0, 1) * rng.uniform(0.45, 0.75)
    step, first = round(half * rng.uniform(0.7, 1.0)), rng.integers(0, CANVAS // 4, 2)
    for each in range(0, CANVAS, step):
        ink[first[0] + each : first[0] + each + 3] = 0
        ink[:, first[1] + each : first[1] + each + 3] = 0
    noise = rng.normal(0, 5, ink.shape)
    scanned = cv2.resize(225 - ink + noise, (64, 64), interpolation=cv2.INTER_AREA)
    return np.clip(scanned, 0, 255).astype(np.uint8)


PENS = {
    "pen": lambda lines, _: 255 - drawn(lines, 0.07, CANVAS * 0.35),
    "marker": marker,
    "hair line": hair,
    "pencil": pencil,
}


def redrawn(pictures, labels):
    """Framed pictures and labels by pen."""
    lines = [written(picture) for picture in pictures]
    kept = [n for n, each in enumerate(lines) if each is not None]
    sets = {"as it is": (pictures[kept], labels[kept])}
    for name, pen in PENS.items():
        rng = np.random.default_rng(0)
        found = []
        for n in kept:
            try:
                found.append(frame(pen(lines[n], rng)))
            except FrameError:
                found.append(np.zeros((32, 32), np.uint8))  # a picture that is not read is wrong
        sets[name] = np.stack(found), labels[kept]
    return sets


def main():
    options = arguments(__doc__.splitlines()[0], sheet=True).parse_args()
    networks = [(path, *model_file.load_model(path)) for path in options.models]
    for name, (pictures, labels) in tests().items():
        if name not in SETS:
            continue
        sets = redrawn(pictures, labels)
        count = len(sets["pen"][1])
        print(f"{name}: the strokes of {count:,} of {len(labels):,} were found")
        for path, network, metadata in networks:
            cells = {
                pen: score(as_read(network, metadata, x, options.average, options.adapt), y)
                for pen, (x, y) in sets.items()
            }
            said = (f"{pen} {strict:.1f} / {free:.1f}" for pen, (strict, free) in cells.items())
            print(f"  {path}: {'; '.join(said)}", flush=True)
        if options.sheet:
            rows = [np.hstack(list(x[:24])) for x, _ in sets.values()]
            cv2.imwrite(str(options.sheet.with_stem(f"{options.sheet.stem}-{name}")),
                        255 - np.vstack(rows))  # fmt: skip


if __name__ == "__main__":
    main()
