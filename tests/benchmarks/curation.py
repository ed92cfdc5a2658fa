"""Plant known defects into clean pictures and say which of them `datagen curate` finds.

    python tests/benchmarks/curation.py                  # handwriting, needs ../shared/data
    python tests/benchmarks/curation.py --base drawn     # drawn from fonts, needs nothing

The handwriting is cleaned first of exact copies and of pictures that are nearly equal by a measure
that curation does not use (the overlap of their ink); its own wrong labels stay in and count
against precision. Prints one line a kind of defect: planted, found, recall, precision. Fragments
of symbols are planted too: their line says who noticed them, and how many of those that the check
`fragment` found are fragments; it counts against nobody that a part of an `E` was taken for an `L`.
"""

import argparse
import io
import json
import tempfile
import time
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import yaml
from PIL import Image

from datagen import augment_steps, characters
from datagen.check_names import CHECKS as CHECKS_ALL
from datagen.check_names import NETWORK
from datagen.curate import curate
from datagen.frame import FrameError, frame
from datagen.recipe_curate import Curate
from datagen.render import render
from datagen.sources import Unreadable, open_source

SHARES = {
    "label flip": 0.02,
    "exact copy": 0.02,
    "near copy": 0.02,
    "blank": 0.01,
    "inverted": 0.05,
    "two in one": 0.01,
    "unreadable": 0.005,
    "exact leak": 0.01,
    "two labels": 0.005,
    "fragment": 0.01,
}
WANTED = {
    "label flip": (0.85, 0.80),
    "exact copy": (1.0, 1.0),
    "near copy": (0.95, 0.95),
    "blank": (1.0, 1.0),
    "inverted": (0.95, 0.95),
    "two in one": (0.85, 0.80),
    "unreadable": (1.0, 1.0),
    "exact leak": (1.0, 1.0),
    "two labels": (1.0, 1.0),
}
CHECKS = {
    "label flip": {"label"},
    "exact copy": {"duplicate"},
    "near copy": {"near-duplicate", "near-leak"},
    "blank": {"no-ink"},
    "inverted": {"polarity"},
    "two in one": {"several"},
    "unreadable": {"unreadable"},
    "exact leak": {"leak"},
    "two labels": {"two-labels"},
}
FRAGMENT = ("fragment", "label", "outlier", "size", "clipped", "ink", "several")  # who may notice
STROKES = "-_|lI1/.,"  # half of one is still one
REMAINS = {"Joins", "Neighbour", "Rules"}  # ink of another symbol or of a line, put in on purpose
PAIRS = ("exact copy", "near copy", "exact leak", "two labels")


@dataclass
class Planted:
    """A set with defects: its zip, and for each file the kind of defect and who is its pair."""

    kind: dict[str, str] = field(default_factory=dict)
    pair: dict[str, str] = field(default_factory=dict)


def handwriting(data, table, count, rng):
    """Pictures of the stand-in and of the symbols, dark on light, without copies."""
    found = []
    for kind, name in (("emnist", "emnist-byclass-standin"), ("folder", "math-symbols.zip")):
        for chunk in open_source(kind, data / name, table).index():
            for row, picture in zip(chunk.rows, chunk.load(), strict=True):
                if row.label >= 0 and not isinstance(picture, Unreadable):
                    found.append((row.label, 255 - picture.pixels))
    order = rng.permutation(len(found))[: int(count * 1.15)]
    return without_copies([found[i] for i in order])[:count]


def drawn(table, count, folder, seed):
    """Pictures drawn from fonts, dark on light, without copies; each shows one symbol alone."""
    alone = [step for step in augment_steps.PRESETS["handwriting"] if step["name"] not in REMAINS]
    pipeline = folder.with_name("alone.yaml")
    pipeline.write_text(yaml.safe_dump({"transforms": json.loads(json.dumps(alone))}))
    render(folder, -(-count // len(table)), size=48, preset=str(pipeline), seed=seed)
    listed = pd.read_csv(folder / "manifest.csv", dtype=str, keep_default_na=False)
    labels = dict(zip(listed["id"], listed["label"], strict=True))
    found = []
    for file in sorted(folder.rglob("*.png")):
        pixels = np.asarray(Image.open(file).convert("L"))
        dark = pixels.mean() < 128
        found.append((int(labels[file.stem]), 255 - pixels if dark else pixels))
    return without_copies(found)


def without_copies(found):
    """Leave out copies, and pictures whose ink overlaps an earlier one's of the label by 80 %."""
    kept = defaultdict(list)
    seen = set()
    clean = []
    for label, pixels in found:
        try:
            framed = frame(pixels)
        except FrameError:
            continue
        if framed.tobytes() in seen:
            continue
        seen.add(framed.tobytes())
        ink = framed.reshape(-1) > 100
        others = kept[label]
        if others:
            known = np.array(others)
            both = (known & ink).sum(axis=1)
            if (both / np.maximum(1, (known | ink).sum(axis=1))).max() > 0.8:
                continue
        others.append(ink)
        clean.append((label, pixels))
    return clean


def encode(pixels, form="PNG", **options):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, form, **options)
    return data.getvalue()


def near_copy(pixels, rng):
    """The same picture shifted by some pixels, or encoded again as JPEG, or both."""
    shifted = pixels
    how = rng.integers(0, 3)
    if how != 1:
        canvas = np.full((pixels.shape[0] + 8, pixels.shape[1] + 8), 255, np.uint8)
        top, left = rng.integers(0, 9, 2)
        canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
        shifted = canvas
        if how == 0:  # by a fraction of a pixel, as a scan would
            dx, dy = rng.uniform(-0.5, 0.5, 2)
            moved = Image.fromarray(canvas).transform(
                canvas.shape[::-1],
                Image.Transform.AFFINE,
                (1, 0, dx, 0, 1, dy),
                Image.Resampling.BILINEAR,
                fillcolor=255,
            )
            return encode(np.asarray(moved)), ".png"
    return encode(shifted, "JPEG", quality=int(rng.integers(60, 95))), ".jpg"


def two_in_one(pixels, other, rng):
    """Two symbols side by side, with a gap or touching."""
    gap = int(rng.integers(0, 7))
    height = max(pixels.shape[0], other.shape[0])
    sides = []
    for symbol in (pixels, other):
        columns = np.flatnonzero((symbol < 128).any(axis=0))
        cut = symbol[:, columns[0] : columns[-1] + 1] if len(columns) else symbol
        top = int(rng.integers(0, height - cut.shape[0] + 1))
        canvas = np.full((height, cut.shape[1]), 255, np.uint8)
        canvas[top : top + cut.shape[0]] = cut
        sides.append(canvas)
    middle = np.full((height, gap), 255, np.uint8)
    return np.pad(np.concatenate((sides[0], middle, sides[1]), axis=1), 4, constant_values=255)


def fragment(pixels, rng):
    """One part of a symbol of several, else what is left of a cut through the middle of its ink."""
    threshold, mask = cv2.threshold(255 - pixels, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = 1 + np.flatnonzero(areas >= areas.sum() / 10)
    if len(large) > 1:
        return np.where(parts == rng.choice(large), pixels, 255).astype(np.uint8)
    turns = int(rng.integers(0, 4))
    turned = np.rot90(pixels, turns)
    rows = np.flatnonzero((turned < 255 - threshold).any(axis=1))
    cut = round(rows[0] + (rows[-1] - rows[0]) * rng.uniform(0.4, 0.6)) + 1
    part = turned[:cut]
    if rng.integers(0, 2):  # the picture ends at the cut, or paper follows
        part = np.pad(part, ((0, turned.shape[0] - cut), (0, 0)), constant_values=255)
    return np.ascontiguousarray(np.rot90(part, -turns))


def plant(found, table, path, rng):
    """Write the zip and return what is wrong with which file."""
    planted = Planted()
    order = rng.permutation(len(found)).tolist()
    test = set(rng.permutation(len(found))[: len(found) // 10].tolist())
    kinds = {}
    for kind, part in SHARES.items():
        fit = [n for n in order if kind != "fragment" or table[found[n][0]].char not in STROKES]
        kinds |= dict.fromkeys(fit[-round(part * len(found)) :], kind)
        order = [n for n in order if n not in kinds]
    group = groups(table)
    with zipfile.ZipFile(path, "w") as archive:
        for index, (label, pixels) in enumerate(found):
            kind = kinds.get(index, "")
            part = "test" if index in test and kind != "exact leak" else "train"
            unlike = [c.label for c in table if group[c.label] != group[label]]
            other = table[int(rng.choice(unlike))].codepoint
            own = table[label].codepoint
            partner = found[order[index % len(order)]][1]
            data = spoil(kind, pixels, partner, rng)
            name = f"{part}/{other if kind == 'label flip' else own}/{index:06d}.png"
            archive.writestr(name, data)
            if kind:
                planted.kind[name] = kind
            if kind in PAIRS:
                place = f"{'test' if kind == 'exact leak' else part}/"
                place += other if kind == "two labels" else own
                again, ending = near_copy(pixels, rng) if kind == "near copy" else (data, ".png")
                copy = f"{place}/{index:06d}-copy{ending}"
                archive.writestr(copy, again)
                planted.kind[copy] = kind
                planted.pair[name], planted.pair[copy] = copy, name
    return planted


def spoil(kind, pixels, partner, rng):
    """The file of a picture with that kind of defect, as far as it is one of the file."""
    if kind == "blank":
        noise = rng.normal(250, rng.uniform(0, 2), pixels.shape)
        return encode(np.clip(noise, 0, 255).astype(np.uint8))
    if kind == "inverted":
        return encode(255 - pixels)
    if kind == "two in one":
        return encode(two_in_one(pixels, partner, rng))
    if kind == "fragment":
        return encode(fragment(pixels, rng))
    data = encode(pixels)
    return data[: int(len(data) * rng.uniform(0.3, 0.9))] if kind == "unreadable" else data


def groups(table):
    """Labels that look alike, cases of a letter included."""
    from datagen.checks.label import groups as alike

    return alike(table)


def score(planted, rows, network):
    """Print recall and precision of each kind; return whether all are good enough."""
    names = {r.origin: {r.check, *r.also.split()} - {""} for r in rows.itertuples()}
    good = True
    print(f"{'defect':<12}{'planted':>9}{'found':>9}{'recall':>9}{'precision':>11}  wanted")
    for kind, checks in CHECKS.items():
        if kind == "label flip" and not network:
            continue
        files = [name for name, what in planted.kind.items() if what == kind]
        flagged = {name for name, found in names.items() if found & checks}
        if kind in PAIRS:
            pairs = {tuple(sorted((name, planted.pair[name]))) for name in files}
            hit = sum(bool({one, two} & flagged) for one, two in pairs)
            total = len(pairs)
        else:
            hit, total = len(set(files) & flagged), len(files)
        alike = {"near copy", "exact copy", "exact leak"} if kind in PAIRS[:3] else {kind}
        alike = alike | {"fragment"}
        false = sum(planted.kind.get(name) not in alike for name in flagged)
        recall = hit / total
        precision = hit / (hit + false) if hit else 0.0
        wanted = WANTED[kind]
        enough = recall >= wanted[0] and precision >= wanted[1]
        good &= enough
        print(
            f"{kind:<12}{total:>9}{hit:>9}{recall:>9.1%}{precision:>11.1%}"
            f"  {wanted[0]:.0%} / {wanted[1]:.0%} {'' if enough else 'MISSED'}"
        )
    fragments = [name for name, what in planted.kind.items() if what == "fragment"]
    noticed = [names.get(name, set()) & set(FRAGMENT) for name in fragments]
    by_check = {check: np.mean([check in one for one in noticed]) for check in FRAGMENT}
    said = [name for name, checks in names.items() if "fragment" in checks]
    right = np.mean([planted.kind.get(name) == "fragment" for name in said]) if said else 0.0
    print(
        f"{'fragment':<12}{len(fragments):>9}{sum(map(bool, noticed)):>9}"
        f"{np.mean([bool(one) for one in noticed]):>9.1%}{right:>11.1%}  by "
        + ", ".join(f"{check} {part:.0%}" for check, part in by_check.items())
    )
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", choices=("handwriting", "drawn"), default="handwriting")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=3, help="which pictures, which defects")
    parser.add_argument("--no-network", action="store_true", help="leave the label check out")
    parser.add_argument("--keep", type=Path, help="folder to keep the set and the result in")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    table = characters.load()
    data = Path(__file__).parents[3] / "shared" / "data"
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if options.base == "handwriting":
            found = handwriting(data, table, options.count, rng)
        else:
            found = drawn(table, options.count, folder / "drawn", options.seed)
        planted = plant(found, table, folder / "planted.zip", rng)
        listed = pd.Series(planted.kind, name="kind").rename_axis("name")
        listed.to_csv(folder / "planted.csv")
        checks = [name for name in CHECKS_ALL if not (options.no_network and name in NETWORK)]
        started = time.monotonic()
        config = Curate(checks=tuple(checks), review="keep")
        done = curate({"planted": folder / "planted.zip"}, folder / "curated", config)
        seconds = time.monotonic() - started
        rows = pd.read_csv(done.folder / "curated.csv", dtype=str, keep_default_na=False)
        of = f"{len(found):,} clean pictures ({options.base}, seed {options.seed})"
        print(f"{of}, curated in {seconds:.0f} s")
        good = score(planted, rows, not options.no_network)
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
