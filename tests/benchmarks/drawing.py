"""Synthetic samples a second, one core: the whole product path beside what people use otherwise.

    python tests/benchmarks/drawing.py [--quick]

Each round runs every method once, in turn, so that a machine that slows down slows all of them. The
figures are medians over the rounds; a ratio is taken within each round.

- `reference`: 512x512 RGB canvas, the glyph drawn at 100 to 150 px, rotated by up to 5 degrees with
  expansion, sheared by up to 0.15 (bicubic), cropped with 10 to 50 px of padding, zoomed 0.8 to 1.2
  and reduced to 168x168 (Lanczos), written as a PNG file.
- `pillow`: a 64x64 glyph by Pillow, four transforms of albumentations, PNG bytes.
- `augraphy`: the same glyph, four augmentations of Augraphy (https://github.com/sparkfish/augraphy),
  where it is installed: the quickest of the published tools that distort text as ink on paper.
- `product`: draw, augment with the `handwriting` preset, frame to 32x32, encode, manifest row,
  finished shard with checksums on the disk.
"""

import os

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import contextlib
import io
import random
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import albumentations as A  # noqa: N812
import cv2
import numpy as np
from measuring import Row, above, alternate, main, ratio
from PIL import Image, ImageDraw, ImageFont

from datagen import augment, characters, shards, tfrecord
from datagen.fonts import fonts
from datagen.synthesis import Style, Synthesizer

TABLE = characters.load()
FACES = fonts().faces


def choose(rng: random.Random) -> tuple[str, str]:
    face = rng.choice(FACES)
    return face.path, TABLE[rng.choice(face.labels)].char


def reference(count: int, folder: Path) -> None:
    rng = random.Random(0)
    for number in range(count):
        path, char = choose(rng)
        canvas = Image.new("RGB", (512, 512), "white")
        font = ImageFont.truetype(path, rng.randint(100, 150))
        ImageDraw.Draw(canvas).text((256, 256), char, "black", font, "mm")
        turned = canvas.rotate(
            rng.uniform(-5, 5), Image.Resampling.BICUBIC, expand=True, fillcolor="white"
        )
        slope = rng.uniform(-0.15, 0.15)
        sheared = turned.transform(
            turned.size,
            Image.Transform.AFFINE,
            (1, slope, -slope * turned.height / 2, 0, 1, 0),
            Image.Resampling.BICUBIC,
            fillcolor="white",
        )
        box = Image.eval(sheared.convert("L"), lambda v: 255 - v).getbbox() or (200, 200, 300, 300)
        pad = rng.randint(10, 50)
        crop = sheared.crop((box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad))
        zoom = rng.uniform(0.8, 1.2)
        size = (max(1, round(crop.width * zoom)), max(1, round(crop.height * zoom)))
        zoomed = crop.resize(size, Image.Resampling.LANCZOS)
        zoomed.resize((168, 168), Image.Resampling.LANCZOS).save(folder / f"{number}.png")


def pillow(count: int, _: Path) -> None:
    rng = random.Random(0)
    pipeline = A.Compose(
        [A.Affine(rotate=(-10, 10), p=1), A.GaussianBlur(p=0.5), A.GaussNoise(p=0.5),
         A.RandomBrightnessContrast(p=0.5)],
        seed=0,
    )  # fmt: skip
    for _number in range(count):
        path, char = choose(rng)
        canvas = Image.new("L", (64, 64), 0)
        font = ImageFont.truetype(path, 44, layout_engine=ImageFont.Layout.BASIC)
        ImageDraw.Draw(canvas).text((32, 32), char, 255, font, "mm")
        picture = pipeline(image=np.asarray(canvas))["image"]
        Image.fromarray(picture).save(io.BytesIO(), "PNG")


def augraphy(count: int, folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import augraphy as tool
    rng = random.Random(0)
    pipeline = tool.AugraphyPipeline(
        ink_phase=[tool.InkBleed(p=0.5)],
        paper_phase=[tool.BrightnessTexturize(p=0.5)],
        post_phase=[tool.SubtleNoise(p=0.5), tool.Jpeg(p=0.5)],
    )
    with contextlib.chdir(folder):  # it keeps pictures in a folder of its own, wherever it is
        for _number in range(count):
            path, char = choose(rng)
            canvas = Image.new("RGB", (64, 64), "white")
            ImageDraw.Draw(canvas).text((32, 32), char, "black", ImageFont.truetype(path, 44), "mm")
            pipeline(np.asarray(canvas))


def product() -> Callable[[int, Path], None]:
    style = Style(augment.load("handwriting"), 32, "tight", 0, {})
    families = {face.group: "train" for face in FACES}
    synthesizer = Synthesizer(FACES, families, TABLE, "fonts", style)
    order = np.random.default_rng(0).integers(0, len(TABLE), 1_000_000).tolist()
    state = {"round": 0, "number": 0}

    def run(count: int, folder: Path) -> None:
        samples, payloads = [], []
        first = state["number"]
        wanted = [(order[number], number) for number in range(first, first + count)]
        for drawn in synthesizer.draw_many("train", wanted):
            samples.append(drawn.sample)
            record = tfrecord.Record(drawn.pixels, drawn.sample.label, drawn.sample.id, "fonts")
            payloads.append(tfrecord.encode(record))
        shard = shards.Shard("benchmark", "train", state["round"], 99999)
        shards.write(folder, shard, samples, payloads, [])
        state["round"] += 1
        state["number"] += count

    return run


def rate(run: Callable[[int, Path], None], count: int, folder: Path) -> float:
    started = time.perf_counter()
    run(count, folder)
    return count / (time.perf_counter() - started)


def measure(quick: bool) -> list[Row]:
    samples, rounds = (1000, 2) if quick else (4000, 7)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        methods = {
            "reference": partial(rate, reference, samples // 40, folder),
            "pillow": partial(rate, pillow, samples // 4, folder),
            "product": partial(rate, product(), samples, folder),
        }
        if find_spec("augraphy"):
            methods["augraphy"] = partial(rate, augraphy, samples // 10, folder)
        rates = alternate(methods, rounds)
    middle = {name: statistics.median(values) for name, values in rates.items()}
    ours = rates["product"]
    rows = [
        Row("drawing as the reference does, one core", f"{middle['reference']:,.0f} images/s"),
        Row("drawing by Pillow and albumentations", f"{middle['pillow']:,.0f} images/s"),
        above("drawing, one core", middle["product"], 5000, "images/s"),
        above("drawing, times the reference", ratio(ours, rates["reference"]), 90, "x"),
        above("drawing, times Pillow and albumentations", ratio(ours, rates["pillow"]), 5, "x"),
    ]
    if "augraphy" in rates:
        rows.append(above("drawing, times Augraphy", ratio(ours, rates["augraphy"]), 5, "x"))
    return rows


if __name__ == "__main__":
    main((sys.modules[__name__].__doc__ or "").splitlines()[0], measure)
