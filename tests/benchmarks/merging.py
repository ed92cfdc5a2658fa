"""EMNIST at its full size into verified, framed, shuffled, balanced shards with manifests.

    python tests/benchmarks/merging.py [--quick]

- `product`: `datagen build` with `merging.toml` on one core, start of the program included.
- `one by one`: framing picture by picture and TensorFlow's own writer, one core, no manifests.
- The whole job: `datagen build` and then `datagen verify`, each a process of its own, on two cores.

`--quick` takes a tenth of the pictures.
"""

import csv
import io
import os
import struct
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import full_emnist
from measuring import PYTHON, Ran, Row, above, alternate, below, main, ratio, run

from datagen import characters

RECIPE = Path(__file__).with_suffix(".toml")
SOME = 20_000  # pictures that the other method is timed on
ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def recipe(folder: Path, share: float) -> Path:
    """Write the recipe with a table of EMNIST's own classes beside it."""
    header, *rows = csv.reader(io.StringIO(characters.load().to_csv()))
    table = folder / "characters.csv"
    kept = [row for row in rows if chr(int(row[1][2:], 16)).isalnum()]
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([number, *row[1:]] for number, row in enumerate(kept))
    text = RECIPE.read_text(encoding="utf-8").replace("characters.csv", str(table))
    path = folder / RECIPE.name
    path.write_text(text.replace("1600", str(round(1600 * share * (0.8 if share < 1 else 1)))))
    return path


def one_by_one(images: Path, out: Path) -> float:
    """Frame and write some pictures; returns pictures a second."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import cv2
    import numpy as np
    import tensorflow as tf

    from datagen.frame import frame

    cv2.setNumThreads(1)
    with full_emnist.gzip.open(images) as file:
        (count,) = struct.unpack(">4xi8x", file.read(16))
        count = min(SOME, count)
        started = time.perf_counter()
        pixels = np.frombuffer(file.read(count * 784), np.uint8).reshape(-1, 28, 28)
    bytes_ = tf.train.BytesList
    with tf.io.TFRecordWriter(str(out)) as writer:
        for number, picture in enumerate(pixels.transpose(0, 2, 1)):
            image = frame(picture, 32).tobytes()
            feature = {
                "image": tf.train.Feature(bytes_list=bytes_(value=[image])),
                "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[number % 62])),
                "id": tf.train.Feature(bytes_list=bytes_(value=[b"%016x" % number])),
                "source": tf.train.Feature(bytes_list=bytes_(value=[b"emnist"])),
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
    return count / (time.perf_counter() - started)


def measure(quick: bool) -> list[Row]:
    share, rounds = (0.1, 2) if quick else (1.0, 3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "emnist"
        count = full_emnist.make(source, share)
        path = recipe(folder, share)
        memory: list[float] = []
        cores: list[float] = []
        made = iter(range(1000))

        def build(workers: int, out: Path) -> Ran:
            command = [PYTHON, "-m", "datagen.cli", "build", str(path), "--out", str(out)]
            command += [f"--source=emnist={source}", f"--workers={workers}", "--quiet"]
            ran = run(command, environment=ONE_CORE)
            memory.append(ran.memory)
            return ran

        def product() -> float:
            ran = build(1, folder / f"one-{next(made)}")
            cores.append(count / ran.core_seconds)
            return count / ran.seconds

        images = source / "emnist-byclass-train-images-idx3-ubyte.gz"
        rates = alternate(
            {"product": product, "one by one": lambda: one_by_one(images, folder / "tf")}, rounds
        )
        whole = []
        for _ in range(rounds):
            out = folder / f"two-{next(made)}"
            built = build(2, out)
            checked = run([PYTHON, "-m", "datagen.cli", "verify", str(out), "--quiet"])
            memory.append(checked.memory)
            whole.append(built.seconds + checked.seconds)
            print(f"  build {built.seconds:.1f} s, verify {checked.seconds:.1f} s", flush=True)
    title = f"merging {count:,} pictures of EMNIST"
    return [
        above(f"{title}, one core", median(rates["product"]), 25_000, "images/s"),
        Row(f"{title}, by core seconds", f"{median(cores):,.0f} images/s"),
        Row("the same one by one", f"{median(rates['one by one']):,.0f} images/s"),
        Row("times one by one", f"{ratio(rates['product'], rates['one by one']):.1f} x"),
        below(f"{title}, build and verify, two cores", median(whole), 60, "s"),
        below("merging, peak memory of a process", max(memory), 600, "MB"),
    ]


if __name__ == "__main__":
    main((sys.modules[__name__].__doc__ or "").splitlines()[0], measure)
