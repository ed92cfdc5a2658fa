"""Which part of EMNIST is read, and in which of the published forms."""

from collections.abc import Iterator
from dataclasses import dataclass

from datagen.console import note
from datagen.errors import InputError, UsageError
from datagen.sources.archive import readable
from datagen.sources.emnist_classes import MAPPING_BYTES, parse_mapping
from datagen.sources.emnist_files import PARTS, SPLITS, EmnistFiles, part_of
from datagen.sources.emnist_forms import Block, csv_blocks, idx_blocks, mat_blocks, mat_mapping


@dataclass(frozen=True, slots=True)
class PartFiles:
    """The files of one part, all in one form.

    Attributes:
        files: Everything that lies there.
        halves: ``train`` and ``test`` -> images and labels, or the one CSV file; empty for .mat.
        mat: The .mat file, or empty.
        mapping_name: The mapping file; empty for .mat.
    """

    files: EmnistFiles
    halves: dict[str, tuple[str, ...]]
    mat: str
    mapping_name: str

    def names(self) -> list[str]:
        """Return the files that are read."""
        named = [name for half in self.halves.values() for name in half]
        return [name for name in (*named, self.mat, self.mapping_name) if name]

    def mapping(self) -> dict[int, tuple[int, ...]]:
        """Return the code points of each label.

        Raises:
            InputError: The mapping is missing or broken.
        """
        if self.mat:
            return parse_mapping(mat_mapping(self.files, self.mat), self.mat)
        with self.files.open(self.mapping_name) as stream, readable(self.mapping_name):
            data = stream.read(MAPPING_BYTES)
        return parse_mapping(data, self.mapping_name)

    def blocks(self) -> Iterator[Block]:
        """Yield the pictures, train before test.

        Raises:
            InputError: A file is cut off, broken, or its header lies.
        """
        if self.mat:
            yield from mat_blocks(self.files, self.mat)
        for split, names in self.halves.items():
            if len(names) == 2:
                yield from idx_blocks(self.files, names[0], names[1], split)
            else:
                yield from csv_blocks(self.files, names[0], split)


def choose_part(files: EmnistFiles, part: str | None) -> tuple[str, PartFiles]:
    """Return the part to read and its files; None for the only one that has images and labels.

    IDX files are taken before a .mat file, and that before CSV files. A half that lacks a file is
    left out, with a note, where the other half is complete.

    Raises:
        UsageError: `part` is None and several parts are complete, or the .mat file doesn't tell.
        InputError: No part, or not this one, is complete.
    """
    if part is None:
        part = _only_part(files)
    halves = _halves(files, part)
    if halves:
        for split in SPLITS:
            if split not in halves:
                note(f"{files.root}: EMNIST's {split} half is incomplete, so it is left out")
        mapping = f"emnist-{part}-mapping.txt"
        if mapping not in files:
            raise InputError(f"{files.root}: {mapping} is missing; it names the classes")
        return part, PartFiles(files, halves, "", mapping)
    mat = _mat(files, part)
    if mat:
        return part, PartFiles(files, {}, mat, "")
    missing = " and ".join(_missing(files, part, split) for split in SPLITS)
    raise InputError(f"{files.root}: EMNIST {part} lacks {missing}; there {_present(files)}")


def _only_part(files: EmnistFiles) -> str:
    complete = [part for part in PARTS if _halves(files, part) or _mat(files, part)]
    if files.root.suffix.lower() == ".mat" and not files.root.is_dir():
        named = part_of(files.root.name)
        if named is None:
            raise UsageError(f"{files.root}: its name doesn't tell the part; pass part='byclass'")
        return named
    if len(complete) == 1:
        return complete[0]
    if complete:
        raise UsageError(
            f"{files.root}: holds {len(complete)} parts of EMNIST; choose one with "
            f"part={' or '.join(repr(part) for part in complete)}"
        )
    found = next(part for part in PARTS if any(part_of(name) == part for name in files.names))
    missing = " and ".join(_missing(files, found, split) for split in SPLITS)
    raise InputError(
        f"{files.root}: no part of EMNIST has both images and labels: {found} lacks {missing}; "
        f"there {_present(files)}"
    )


def _halves(files: EmnistFiles, part: str) -> dict[str, tuple[str, ...]]:
    """Return the complete halves in IDX form, else those in CSV form where there is no .mat."""
    found: dict[str, tuple[str, ...]] = {}
    for split in SPLITS:
        names = _idx_name(files, part, split, "images"), _idx_name(files, part, split, "labels")
        if all(name in files for name in names):
            found[split] = names
    if found or _mat(files, part):
        return found
    tables = {split: f"emnist-{part}-{split}.csv" for split in SPLITS}
    return {split: (name,) for split, name in tables.items() if name in files}


def _mat(files: EmnistFiles, part: str) -> str:
    if files.root.suffix.lower() == ".mat" and not files.root.is_dir():
        return files.root.name
    name = f"emnist-{part}.mat"
    return name if name in files else ""


def _idx_name(files: EmnistFiles, part: str, split: str, kind: str) -> str:
    plain = f"emnist-{part}-{split}-{kind}-idx{3 if kind == 'images' else 1}-ubyte"
    return plain if plain in files else f"{plain}.gz"


def _missing(files: EmnistFiles, part: str, split: str) -> str:
    names = [_idx_name(files, part, split, kind) for kind in ("images", "labels")]
    return " and ".join(name for name in names if name not in files)


def _present(files: EmnistFiles) -> str:
    names = sorted(files.names)
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return f"lies {', '.join(names[:4])}{more}"
