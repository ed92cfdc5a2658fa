"""Who a folder belongs to: made ours before the first file, refused where it holds something else.

What the bytes of a dataset depend on is kept in one small file beside them. The same command finds
the same identity and goes on; another is told what differs and leaves the folder alone.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from datagen.atomic import remove_leftovers, write_text
from datagen.errors import InputError
from datagen.shards import STATE


def claim(folder: Path, kind: str, identity: Mapping[str, str]) -> None:
    """Make a folder ours, or go on in one that already is.

    Args:
        folder: The folder; made where it is missing.
        kind: What is made in it, such as ``build``.
        identity: What the result depends on, by name.

    Raises:
        InputError: The folder holds something else, or the result of something that differs.
    """
    state = folder / STATE / f"{kind}.json"
    if state.exists():
        try:
            before = json.loads(state.read_text(encoding="utf-8"))
        except ValueError as error:
            raise InputError(f"{state}: the record of the {kind} is damaged ({error})") from error
        names = {*before, *identity}
        changed = sorted(name for name in names if before.get(name) != identity.get(name))
        if changed:
            raise InputError(
                f"{folder}: holds a {kind} that differs in its {', '.join(changed)}; give another "
                "--out or remove the folder"
            )
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: holds something that is no {kind} of ours; give another --out")
    for place in (folder, folder / STATE):
        place.mkdir(parents=True, exist_ok=True)
        remove_leftovers(place)
    write_text(state, json.dumps(identity, indent=2) + "\n")
