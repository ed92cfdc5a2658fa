"""How far the recipes come from plain fonts, in every kind of ink; takes most of an hour.

    python tests/benchmarks/halfway.py [--work FOLDER] [MODEL.keras ...]

Four models of one network, `compact`, none of which saw a family of script:

- `plain fonts`: glyphs as their fonts have them, lightly augmented, as most such sets are made.
- `fonts-only`: as the recipe of that name draws.
- `plain fonts with tablet`: the same fonts with the tablet's pen strokes, up to half of a class.
- `math-vision with tablet`: the second model, finetuned on these strokes, the same redrawn, and
  that recipe's drawings.

Three more are finetuned from it likewise, nothing redrawn: beside the same drawings, beside what
`fonts-only` draws and beside plain fonts. Models that are named, such as one that the two recipes
gave in full, are compared with `plain fonts with tablet` too, which is about the prototype's size
and training. They may know families of script, so nothing is said of joined letters then.

They read the tablet's strokes, the same drawn again with a marker and a pencil (see `pens.py`),
digits of the census, and letters cut out of joined writing (see `cursive.py`). Compared are the
plain models, read plainly (one look, the most probable class), with the others, read as `trainer
predict` reads, and as it does with `--adapt`. Prints accuracy, strict / with look-alikes as one;
what the recipes gain over plain fonts; and what part that is of the way between a prototype and the
goal, both of which were measured on sets that are not here. A gain is not the same on another set,
so take that part for an estimate. All models in all three ways come last.

With `--work`, what was built and trained is kept there, and a second run goes on with it.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import cursive
import numpy as np
import pens
from levers_common import DATA, averaged, predict, score, tests, valued

from trainer import model_file
from trainer.infer import AVERAGE

STYLES = "hand = 4.0, handwriting = 6.0, serif = 0.5, slab = 0.5, display = 0.5"
DRAWN = {  # as the recipes draw, but for families of script
    "plain": 'preset = "light"\nstyles = { script = 0.0 }',
    "fonts-only": f'preset = "handwriting"\nwriters = 60\nstyles = {{ script = 0.0, {STYLES} }}',
    "math-vision": 'preset = "light"\nwriters = 60\nstyles = { script = 0.0, hand = 4.0 }',
}
TABLET = '\n[sources.emnist]\nkind = "emnist"\ncap = 750\n'
REDRAWN = '[sources.redrawn]\nkind = "redrawn"\npreset = "mild"\n'
RECIPE = """name = "{name}"
[train]
per_class = {count}
[validation]
per_class = 25
[test]
per_class = 25
[sources.fonts]
kind = "fonts"
{drawn}
"""
EPOCHS = 6  # of 1,500 a class
WAYS = PLAINLY, OURS, ADAPTED = "read plainly", "our reading", "our reading, adapted"
INKS = ("tablet", "marker", "pencil", "census digits", "cursive")
# Strict / with look-alikes as one, of each ink: the prototype's, and the goal.
FONTS = ((60, 72), (78, 91), (78, 82), (52, 68), (36, 45)), (88, 96, 90, 85, 65)
BOTH = (
    ((78, 90), (83, 94), (83, 88), (61, 83), (48, 59)),
    ((86, 96), (87, 97.5), (92, 95), (72, 93), (62, 75)),
)


def command(program, *words):
    """Run `datagen` or `trainer`."""
    subprocess.run([Path(sys.executable).with_name(program), *map(str, words)], check=True)


def dataset(work, name, drawn, count, tablet=False, redrawn=False):
    """Build a dataset; returns its folder."""
    recipe = work / f"{name}.toml"
    text = RECIPE.format(name=name.replace("-", "_"), count=count, drawn=DRAWN[drawn])
    recipe.write_text(text + TABLET * tablet + REDRAWN * redrawn)
    given = ("--source", f"emnist={DATA / 'emnist-byclass-standin'}") if tablet else ()
    command("datagen", "build", recipe, "--out", work / name, *given)
    return work / name


def models(work):
    """Train them; returns their files by name."""
    plain = dataset(work, "plain", "plain", 1500)
    ours = dataset(work, "ours", "fonts-only", 3500)
    mixed = {
        f"{drawn}-tablet": dataset(work, f"{drawn}-tablet", drawn, 1500, tablet=True)
        for drawn in DRAWN
    }
    mixed["redrawn-tablet"] = dataset(
        work, "redrawn-tablet", "math-vision", 1500, tablet=True, redrawn=True
    )
    both = mixed["plain-tablet"]
    runs = {name: work / f"run-{name}" for name in ("plain", "both", "ours", *mixed)}
    fit = ("trainer", "fit")
    command(*fit, plain, "--out", runs["plain"], "--epochs", EPOCHS)
    command(*fit, both, "--out", runs["both"], "--epochs", EPOCHS)
    command(*fit, ours, "--out", runs["ours"], "--epochs", 2)
    first = runs["ours"] / "model.keras"
    how = ("--learning-rate", "2e-3", "--epochs", EPOCHS)
    for name, data in mixed.items():
        command("trainer", "finetune", first, data, "--out", runs[name], *how)
    return {name: run / "model.keras" for name, run in runs.items()}


def read(path, sets, letters):
    """A model's scores in each of `WAYS`, in the order of `INKS`.

    Without letters, the last are unknown. Each picture is warped once for both of ours.
    """
    network, metadata = model_file.load_model(path)

    def said(pictures):
        logits = averaged(network, pictures, AVERAGE, metadata.size)
        ours, adapted = (valued(logits, metadata, adapt) for adapt in (False, True))
        return predict(network, pictures), ours, adapted

    cells = [[score(answers, y) for answers in said(x)] for x, y in sets]
    if letters is None:
        cells.append([(np.nan, np.nan)] * len(WAYS))
    else:
        pictures, labels, families = letters
        cells.append([cursive.by_family(each, labels, families) for each in said(pictures)])
    return dict(zip(WAYS, np.array(cells).swapaxes(0, 1), strict=True))


def inks():
    """Pictures and labels of all inks but the last, and the letters of that."""
    real = tests()
    redrawn = pens.redrawn(*real["pen strokes"])
    sets = [real["pen strokes"], redrawn["marker"], redrawn["pencil"], real["digits"]]
    parts = cursive.letters().values()
    return sets, tuple(np.concatenate(each) for each in zip(*parts, strict=True))


def show(name, cells):
    """Print a row: strict / with look-alikes as one; what is not known is left out."""
    said = [[" - " if np.isnan(each) else f"{each:.1f}" for each in cell] for cell in cells]
    print(f"{name:34}", *(f"{strict:>10} / {free:>5}" for strict, free in said), flush=True)


def compare(name, plain, other, ours, prototype, goal):
    """Print two models, the gain, and its part of the way from the prototype to the goal."""
    show(name, plain)
    show(other, ours)
    show("gain", ours - plain)
    prototype, goal = np.array(prototype, float), np.array(goal, float)
    if goal.ndim == 1:  # said with look-alikes as one only
        goal = np.stack((np.full(len(goal), np.nan), goal), axis=1)
    show("% of the way to the goal", 100 * (ours - plain) / (goal - prototype))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", type=Path, help="finished models to compare too")
    parser.add_argument("--work", type=Path, help="keep datasets and models here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = options.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        found = models(work)
        sets, letters = inks()
        scores = {name: read(path, sets, letters) for name, path in found.items()}
    plain, both = scores["plain"][PLAINLY], scores["both"][PLAINLY]
    print(f"{'':34}", *(f"{ink:>18}" for ink in INKS))
    for how, more in ((OURS, ""), (ADAPTED, ", adapted")):
        compare("plain fonts", plain, f"fonts-only{more}", scores["ours"][how], *FONTS)
        ours = scores["redrawn-tablet"][how]
        compare("plain fonts with tablet", both, f"math-vision with tablet{more}", ours, *BOTH)
    for how in WAYS:
        print(how)
        for name, rows in scores.items():
            show(name, rows[how])
    for path in options.models:
        rows = read(path, sets, None)
        for how in (OURS, ADAPTED):
            compare("plain fonts with tablet", both, f"{path}, {how}", rows[how], *BOTH)


if __name__ == "__main__":
    main()
