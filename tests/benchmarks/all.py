"""Run every benchmark of speed in turn and print one table with the goals.

    python tests/benchmarks/all.py [--quick] [NAME ...]

Names are those of the modules, such as `merging`; all of them where none is given. Close everything
else: on a busy machine the figures are of no use.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import PYTHON, Row, machine, show

NAMES = ("drawing", "scaling", "merging", "memory", "startup", "reading", "training", "audit")


def rows_of(name: str, quick: bool) -> list[Row]:
    print(f"{name}:", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.json"
        command = [PYTHON, str(Path(__file__).with_name(f"{name}.py")), "--rows", str(path)]
        done = subprocess.run(command + ["--quick"] * quick, check=False)
        if done.returncode:
            return [Row(name, f"failed with code {done.returncode}", "", met=False)]
        return [Row(**values) for values in json.loads(path.read_text())]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--quick", action="store_true", help="smaller and fewer rounds")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no benchmark is named {', '.join(sorted(unknown))}")
    before = machine()
    rows = [row for name in options.names or NAMES for row in rows_of(name, options.quick)]
    print("\n".join(["", *before, ""]))
    show(rows)
    sys.exit(any(row.met is False for row in rows))


if __name__ == "__main__":
    main()
