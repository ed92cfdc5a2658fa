"""What to install where TensorFlow shall be left out: all that the project needs but that.

``python -m datagen.requirements [EXTRA]... > requirements.txt`` in a checkout, before anything is
installed: it needs Python alone. Installers add packages to those that a project depends on, but
leave none out, so what is printed goes to ``pip install -r`` and the project itself to
``pip install --no-deps``. It is read from ``pyproject.toml``: there is no second list to keep.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from datagen.errors import InputError, UsageError, nearest

NAME = "math-vision"
LEFT_OUT = ("tensorflow", "tensorboard")
_FILE = Path(__file__).parents[1] / "pyproject.toml"
_REQUIREMENT = re.compile(r"([\w.-]+)\s*(?:\[([^\]]*)\])?")  # a name and perhaps extras


def requirements(extras: Sequence[str] = ()) -> list[str]:
    """Return what to install, as ``pip install -r`` reads it, in the order of ``pyproject.toml``.

    Args:
        extras: Names of the project's extras whose packages are wanted too.

    Raises:
        InputError: This is no checkout.
        UsageError: There is no such extra, or it has nothing but TensorFlow.
    """
    project = _project()
    found = list(_light(project, project["dependencies"]))
    for extra in extras:
        of_extra = list(_light(project, _extra(project, extra)))
        if not of_extra:
            raise UsageError(f"the extra {extra!r} is for TensorFlow, which is left out here")
        found += of_extra
    return list(dict.fromkeys(found))


def _project() -> Mapping[str, Any]:
    text = _FILE.read_text(encoding="utf-8") if _FILE.is_file() else ""
    found: Mapping[str, Any] = tomllib.loads(text).get("project", {})
    if found.get("name") != NAME:  # beside an installed package it can be anybody's
        raise InputError(f"{_FILE} is not the project's: run this in a checkout of {NAME}")
    return found


def _extra(project: Mapping[str, Any], extra: str) -> list[str]:
    known = project["optional-dependencies"]
    if extra not in known:
        raise UsageError(
            f"there is no extra {extra!r}, only {', '.join(known)}{nearest(extra, list(known))}"
        )
    found: list[str] = known[extra]
    return found


def _light(project: Mapping[str, Any], wanted: Sequence[str]) -> Iterator[str]:
    """Yield those that are not left out; an extra of the project itself is what it stands for."""
    for requirement in wanted:
        match = _REQUIREMENT.match(requirement)
        name, extras = match.groups() if match else (requirement, None)
        if name == NAME:
            for extra in (extras or "").split(","):
                yield from _light(project, _extra(project, extra.strip()))
        elif name not in LEFT_OUT:
            yield requirement


def main() -> None:
    """Run the command line."""
    try:
        lines = requirements(sys.argv[1:])
    except InputError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
