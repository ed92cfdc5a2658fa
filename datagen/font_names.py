"""What a font file says of itself: whose it is, and under what licence."""

import re
from pathlib import Path
from typing import Any, NamedTuple

COPYRIGHT, LICENSE, LICENSE_URL = 0, 13, 14  # name identifiers of the OpenType `name` table
_LONGEST = 60  # characters of a licence that has no identifier
_KNOWN = (
    (r"scripts\.sil\.org/ofl|openfontlicense\.org|sil open font licen[cs]e", "OFL-1.1"),
    (r"apache\.org/licenses/license-2\.0|apache licen[cs]e,? version 2\.0", "Apache-2.0"),
    (r"bitstream vera|dejavu-fonts.*license", "Bitstream-Vera"),
    (r"ubuntu font licen[cs]e", "Ubuntu-font-1.0"),
    (r"creativecommons\.org/publicdomain/zero", "CC0-1.0"),
)


class Stated(NamedTuple):
    """A font's own words.

    Attributes:
        license: SPDX identifier where the words name a known licence, else their beginning; empty
            where it says nothing.
        copyright: Copyright line, or empty.
    """

    license: str
    copyright: str


def stated(path: str, index: int) -> Stated:
    """Read licence and copyright from a face that the audit has proved.

    Args:
        path: Font file.
        index: Number of the face in it.
    """
    from fontTools.ttLib import TTFont

    collection = Path(path).suffix.lower() in (".ttc", ".otc")
    with TTFont(path, fontNumber=index if collection else -1, lazy=True) as font:
        names: Any = font.get("name")
        words = {
            number: " ".join(((names and names.getDebugName(number)) or "").split())
            for number in (COPYRIGHT, LICENSE, LICENSE_URL)
        }
    said = f"{words[LICENSE_URL]} {words[LICENSE]}".strip()
    for pattern, identifier in _KNOWN:
        if re.search(pattern, said, re.IGNORECASE):
            return Stated(identifier, words[COPYRIGHT])
    brief = words[LICENSE] or words[LICENSE_URL]
    return Stated(brief[:_LONGEST] + "…" * (len(brief) > _LONGEST), words[COPYRIGHT])
