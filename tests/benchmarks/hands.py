"""How models read real handwriting: the sets in ../shared/data, each picture once.

    python tests/benchmarks/hands.py [MODEL.keras ...] [--average 1] [--adapt]

Without a model, the one that comes with the package. Answers are those of `trainer predict`, with
as many warps of each picture averaged. Of EMNIST's files only the test part is read, so that a
model trained on the rest is not asked what it was taught; the sets of symbols are read whole.
Prints accuracy by source: strict / with look-alikes as one.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from levers_common import TABLE, arguments, as_read, score, tests

from trainer import model_file


def main():
    options = arguments(__doc__.splitlines()[0]).parse_args()
    sets = tests()
    print(f"{'model':40}", *(f"{name} ({len(t[1]):,})".rjust(22) for name, t in sets.items()))
    for path in options.models:
        network, metadata = model_file.load_model(path)
        if metadata.table.digest != TABLE.digest:
            print(f"{path}: its classes are not the 89 of math-vision; it is left out")
            continue
        answers = (
            as_read(network, metadata, x, options.average, options.adapt) for x, _ in sets.values()
        )
        cells = [score(said, y) for said, (_, y) in zip(answers, sets.values(), strict=True)]
        print(f"{path!s:40}", *(f"{strict:12.1f} / {free:5.1f} %" for strict, free in cells))


if __name__ == "__main__":
    main()
