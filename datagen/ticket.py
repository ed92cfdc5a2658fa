"""A file that says that a build still wants its shards.

Workers on other machines outlive a build that was stopped. Before one writes, it looks whether the
ticket it was given is still there, so that nothing is written into a folder that by then belongs to
another build. Each ticket has a new name: file systems of a network remember for a while that a
name did not exist.
"""

import secrets
from pathlib import Path

from datagen.atomic import write_text
from datagen.claim import STATE

_PREFIX = "wanted-"


def issue(folder: Path) -> Path:
    """Write a ticket for a dataset that is being built; returns its path."""
    ticket = folder / STATE / f"{_PREFIX}{secrets.token_hex(8)}"
    write_text(ticket, "remove this file and no worker writes for this build any more\n")
    return ticket


def revoke(folder: Path) -> None:
    """Remove every ticket of a dataset, such as one that a killed build left behind."""
    for path in (folder / STATE).glob(f"{_PREFIX}*"):
        path.unlink(missing_ok=True)


def holds(ticket: Path | None) -> bool:
    """Whether the build still wants what it asked for; always where it needs no ticket."""
    return ticket is None or ticket.exists()
