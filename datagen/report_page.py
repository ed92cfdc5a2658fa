"""The report as one HTML file: text, tables and pictures, nothing loaded from outside."""

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass

_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:0 auto;padding:16px}
h1{font-size:1.5em;margin:.2em 0}h2{font-size:1.2em;margin:1.6em 0 .4em}
img{max-width:100%;height:auto;border-radius:4px}
img.sheet{image-rendering:pixelated}
.wide{overflow-x:auto;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;font-size:.9em}
th,td{padding:2px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid #8884}
th:first-child,td:first-child,td.text,th.text{text-align:left}
td.text{white-space:normal;min-width:14em}
details summary{cursor:pointer;padding:4px 0}
p.note{color:#777}
nav a{margin-right:1em}
"""


@dataclass(frozen=True)
class Section:
    """One part of a report.

    Attributes:
        title: Its heading.
        body: HTML.
    """

    title: str
    body: str


def page(title: str, about: str, sections: Sequence[Section]) -> str:
    """Return a whole page."""
    links = " ".join(
        f'<a href="#s{number}">{html.escape(section.title)}</a>'
        for number, section in enumerate(sections)
    )
    body = "\n".join(
        f'<section id="s{number}"><h2>{html.escape(section.title)}</h2>\n{section.body}\n</section>'
        for number, section in enumerate(sections)
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{html.escape(title)}</h1><p>{html.escape(about)}</p><nav>{links}</nav>\n{body}\n"
        "</body></html>\n"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[object]], text: Sequence[int] = ()) -> str:
    """Return a table; `text` names columns that are words rather than numbers."""

    def cells(row: Sequence[object], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=text' if number in text else ''}>{_shown(value)}</{tag}>"
            for number, value in enumerate(row)
        )

    lines = "\n".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{cells(head, "th")}</tr>\n{lines}</table></div>'


def _shown(value: object) -> str:
    return html.escape(f"{value:,}" if isinstance(value, int) else str(value))


def picture(png: bytes, alt: str, sheet: bool = False) -> str:
    """Return a picture that is part of the page; a sheet keeps its pixels sharp."""
    data = base64.b64encode(png).decode()
    kind = ' class="sheet"' if sheet else ""
    image = (
        f'<img{kind} loading="lazy" alt="{html.escape(alt)}" src="data:image/png;base64,{data}">'
    )
    return f'<div class="wide">{image}</div>'


def folded(title: str, body: str) -> str:
    """Return a part that opens on a click."""
    return f"<details><summary>{html.escape(title)}</summary>{body}</details>"


def note(text: str) -> str:
    """Return a line of explanation."""
    return f'<p class="note">{html.escape(text)}</p>'
