"""Write a small dataset folder in the format that `trainer` reads, and draw pictures for it."""

import csv
import hashlib
import json

import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw, ImageFont

from datagen import characters
from datagen.frame import frame

SHARD_COLUMNS = ("file", "split", "records", "bytes", "sha256")
ROW_COLUMNS = ("id", "codepoint", "label", "split", "source", "group", "origin", "seed", "sha256")

OPTIONS = {"preset": "quick", "batch": 32, "seed": 3}
CLASSES = "0OoABx+7="  # 0, O and o look the same in a tight frame


def table_of(chars):
    """Make a character table of some characters of the shipped one."""
    full = characters.load()
    chosen = [next(c for c in full if c.char == char) for char in chars]
    points = {c.codepoint for c in chosen}
    rows = [
        f"{i},{c.codepoint},{c.name},,{c.shape if c.shape in points else c.codepoint}"
        for i, c in enumerate(chosen)
    ]
    return characters.parse("\n".join(["label,codepoint,name,aliases,shape", *rows]))


def write_dataset(folder, table, splits, *, size, shards=None, name="tiny", sources=("drawn",)):
    """Write `splits`, {split: (uint8 images (n, size, size), int labels (n,))}, as a dataset."""
    (folder / "manifests").mkdir(parents=True)
    (folder / "manifests" / "characters.csv").write_text(table.to_csv(), encoding="utf-8")
    (folder / "recipe.toml").write_text(
        f'name = "{name}"\nsize = {size}\n[sources.scans]\nkind = "folder"\n', encoding="utf-8"
    )
    (folder / "label.labels.txt").write_text("".join(f"{c.codepoint}\n" for c in table))
    dimensions = [str(size), str(size), "1"]
    features = {"featuresDict": {"features": {"image": {"tensor": {"shape": dimensions}}}}}
    (folder / "features.json").write_text(json.dumps(features))
    listed = []
    for split, (images, labels) in splits.items():
        count = (shards or {}).get(split, 1)
        for number in range(count):
            file = f"{name}-{split}.tfrecord-{number:05d}-of-{count:05d}"
            rows = []
            with tf.io.TFRecordWriter(str(folder / file)) as writer:
                for i in range(number, len(images), count):
                    pixels, label = images[i].tobytes(), int(labels[i])
                    digest, source = hashlib.sha256(pixels).hexdigest(), sources[i % len(sources)]
                    sample, point = f"{digest[:12]}{i:04x}", table[label].codepoint
                    writer.write(_example(pixels, label, sample, source))
                    origin = (split, source, sample, f"draw {i}", i, digest)
                    rows.append((sample, point, label, *origin))
            manifest = folder / "manifests" / f"{split}-{number:05d}-of-{count:05d}.csv"
            _write_csv(manifest, ROW_COLUMNS, rows)
            data = (folder / file).read_bytes()
            listed.append((file, split, len(rows), len(data), hashlib.sha256(data).hexdigest()))
    _write_csv(folder / "manifests" / "shards.csv", SHARD_COLUMNS, listed)
    return folder


def _example(pixels, label, sample, source):
    def text(value):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    features = {
        "image": text(pixels),
        "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
        "id": text(sample.encode()),
        "source": text(source.encode()),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def _write_csv(path, columns, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


def draw(character, font, size, rng):
    """Draw one character, a little turned, and frame it as datasets and predictions are."""
    picture = Image.new("L", (96, 96))
    face = ImageFont.truetype(str(font), 64)
    ImageDraw.Draw(picture).text((48, 48), character, fill=255, font=face, anchor="mm")
    return frame(picture.rotate(rng.uniform(-6, 6), Image.Resampling.BILINEAR), size)


def drawings(table, fonts, size, per_class, seed):
    """Draw `per_class` pictures of every class, shuffled; uint8 (n, size, size) and int64 (n,)."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(len(table)), per_class))
    images = [draw(table[int(y)].char, fonts[rng.integers(len(fonts))], size, rng) for y in labels]
    return np.stack(images), labels
