"""What each part of the `handwriting` preset is worth on real handwriting that training never saw.

    python tests/benchmarks/levers.py [--per-class 300] [--epochs 8] [--only pens,joins] [--seeds 1]

For each variant: draw a set from fonts alone, train the `quick` network on it, and read the real
sets in ../shared/data. Prints accuracy by source, strict / with look-alikes as one, and the change
against the whole preset. A training takes minutes, so the figures are those of a small network on
few pictures: what counts is the difference.
"""

import argparse
import time

import numpy as np
from levers_common import draw, heading, predict, score, show, tests, train

from datagen import augment_steps, recipe
from datagen.font_files import UNKNOWN
from datagen.font_styles import STYLES
from trainer.presets import preset

WHOLE = augment_steps.PRESETS["handwriting"]


LARGE = next(step for step in WHOLE if step["name"] == "Warp")


def without(*names):
    return [step for step in WHOLE if step["name"] not in names]


def changed(name, **values):
    return [{**step, **values} if step["name"] == name else step for step in WHOLE]


VARIANTS = {
    "whole": WHOLE,
    "outlines": without("Pen"),
    "pens": changed("Pen", p=1.0),
    "steady-pens": changed("Pen", wander=0.0, sway=0.0, ends=0.0, rounding=0),
    "one-width": [
        step for step in changed("Pen", width=(0.09, 0.09)) if step["name"] not in ("StrokeWidth",)
    ],
    "rigid": changed("Warp", elastic=0.0),
    "small-warps": [step for step in WHOLE if step is not LARGE],
    "large-warps": [
        {**step, "p": 1} if step is LARGE else step
        for step in WHOLE
        if step["name"] != "Warp" or step is LARGE
    ],
    "clean": without("InkTexture", "Coarse", "Paper", "Blur", "Grain", "Jpeg"),
    "alone": without("Joins", "Neighbour", "Rules"),
    "light": augment_steps.PRESETS["light"],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-class", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", help="variants, by comma")
    options = parser.parse_args()
    source = recipe.read("fonts-only").sources["fonts"]
    styles, writers = source.styles, source.writers
    variants = {name: (steps, styles, writers) for name, steps in VARIANTS.items()}
    variants["even-styles"] = (WHOLE, {"hand": 0.0}, 0)
    variants["fonts-alone"] = (WHOLE, {**styles, "hand": 0.0}, 0)
    no_font = dict.fromkeys((*STYLES, UNKNOWN), 0.0)
    variants["hands-alone"] = (WHOLE, {**no_font, "hand": 1.0}, writers)
    names = options.only.split(",") if options.only else list(variants)
    sets = tests()
    base = None
    heading(sets)
    for name in ["whole", *(each for each in names if each != "whole")]:
        started = time.perf_counter()
        scores = []
        for seed in range(options.seeds):
            steps, weights, hand = variants[name]
            drawn = draw(steps, options.per_class, seed, weights, hand)
            network = train(*drawn, preset("quick", epochs=options.epochs), seed)
            scores.append([score(predict(network, x), y) for x, y in sets.values()])
        mean = np.mean(scores, axis=0)
        base = mean if base is None else base
        show(name, mean, base, time.perf_counter() - started)


if __name__ == "__main__":
    main()
