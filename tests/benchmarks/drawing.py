"""Synthetic samples a second, one core: the whole product path beside what people use otherwise.

    python tests/benchmarks/drawing.py [--rounds 5] [--samples 2000]

Each round runs every method once, in turn, so that a machine that slows down slows all of them. The
figures are medians over the rounds; a ratio is taken within each round.

- `reference`: 512x512 RGB canvas, the glyph drawn at 100 to 150 px, rotated by up to 5 degrees with
  expansion, sheared by up to 0.15 (bicubic), cropped with 10 to 50 px of padding, zoomed 0.8 to 1.2
  and reduced to 168x168 (Lanczos), written as a PNG file.
- `pillow`: a 64x64 glyph by Pillow, four transforms of albumentations, PNG bytes.
- `product`: draw, augment with the `handwriting` preset, frame to 32x32, encode, manifest row,
  finished shard with checksums on the disk.
"""

import os

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import argparse
import io
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import albumentations as A  # noqa: N812
import cv2
import numpy as np
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


def product() -> Callable[[int, Path], None]:
    style = Style(augment.load("handwriting"), 32, "tight", 0, {})
    families = {face.group: "train" for face in FACES}
    synthesizer = Synthesizer(FACES, families, TABLE, "fonts", style)
    order = np.random.default_rng(0).integers(0, len(TABLE), 1_000_000).tolist()
    state = {"round": 0, "number": 0}

    def run(count: int, folder: Path) -> None:
        samples, payloads = [], []
        for number in range(state["number"], state["number"] + count):
            drawn = synthesizer.draw("train", order[number], number)
            samples.append(drawn.sample)
            record = tfrecord.Record(drawn.pixels, order[number], drawn.sample.id, "fonts")
            payloads.append(tfrecord.encode(record))
        shard = shards.Shard("benchmark", "train", state["round"], 99999)
        shards.write(folder, shard, samples, payloads, [])
        state["round"] += 1
        state["number"] += count

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--samples", type=int, default=2000, help="of the product; others fewer")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    methods: dict[str, tuple[Callable[[int, Path], None], int]] = {
        "reference": (reference, max(10, options.samples // 40)),
        "pillow": (pillow, max(20, options.samples // 4)),
        "product": (product(), options.samples),
    }
    rates: dict[str, list[float]] = {name: [] for name in methods}
    with tempfile.TemporaryDirectory() as folder:
        for round_ in range(-1, options.rounds):  # the first is for warming up
            for name, (run, count) in methods.items():
                started = time.perf_counter()
                run(count, Path(folder))
                if round_ >= 0:
                    rates[name].append(count / (time.perf_counter() - started))
    for name, values in rates.items():
        pairs = zip(rates["product"], values, strict=True)
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        print(f"{name:10} {statistics.median(values):9,.0f} images/s   product is {ratio:6.1f}x")


if __name__ == "__main__":
    main()
