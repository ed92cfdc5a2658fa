"""Who a folder belongs to: made ours before the first file, refused where it holds something else.

What the bytes of a dataset depend on is kept in one small file beside them. The same command finds
the same identity and goes on; another is told what differs and leaves the folder alone. Only one
process works in a folder at a time: see `datagen.lock`.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datagen.atomic import leftovers, write_text
from datagen.errors import InputError

STATE = ".build"  # folder inside the one that is made: what is needed to go on after a stop
_SHOWN = 15  # characters; longer texts are hashes or tables and would tell nobody anything


def claim(folder: Path, kind: str, identity: Mapping[str, Any], begun: bool = True) -> None:
    """Make a folder ours, or go on in one that already is.

    Args:
        folder: The folder; made where it is missing.
        kind: What is made in it, such as ``build``.
        identity: What the result depends on, by name; values that JSON can hold.
        begun: Whether there is anything yet that could be mixed with something else.

    Raises:
        InputError: The folder holds something else, or the result of something that differs.
    """
    check_kind(folder, kind)
    state = folder / STATE / f"{kind}.json"
    if begun and state.exists():
        try:
            before = json.loads(state.read_text(encoding="utf-8"))
            changed = list(changes(before, json.loads(json.dumps(identity))))
        except (ValueError, AttributeError) as error:
            raise InputError(f"{state}: the record of the {kind} is damaged ({error})") from error
        if changed:
            raise InputError(
                f"{folder}: holds a {kind} that differs in its {', '.join(changed)}; give another "
                "--out or remove the folder"
            )
    state.parent.mkdir(parents=True, exist_ok=True)
    write_text(state, text_of(identity))


def text_of(identity: Mapping[str, Any]) -> str:
    """Return what the record of a claim holds."""
    return json.dumps(identity, indent=2) + "\n"


def check_kind(folder: Path, kind: str) -> None:
    """Prove that a folder is empty, missing, or holds something of ours of this kind.

    Raises:
        InputError: It holds something else.
    """
    state = folder / STATE
    if (state / f"{kind}.json").exists() or not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder}: is a file; give another --out")
    # Whoever was killed, or is just about to say what the folder is, has not said it yet.
    unsaid = {state, *leftovers(folder), *leftovers(state)}
    if not unsaid.issuperset({*folder.iterdir(), *state.glob("*.json")}):
        raise InputError(f"{folder}: holds something that is no {kind} of ours; give another --out")


def changes(before: Mapping[str, Any], now: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Name what differs, with the values where they are short enough to say something."""
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from changes(old, new, f"{where}{name}.")
        elif all(value is not None and len(json.dumps(value)) <= _SHOWN for value in (old, new)):
            yield f"{where}{name} (was {old}, is now {new})"
        else:
            yield f"{where}{name}"
