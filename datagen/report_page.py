"""The report as one HTML file: text, tables and pictures, nothing loaded from outside."""

import base64
import html
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from datagen.report_sheets import GAP, Sheet

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#666}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:0 auto;padding:16px}
h1{font-size:1.5em;margin:.2em 0}h2{font-size:1.25em;margin:1.8em 0 .4em;padding-top:.4em;
border-top:1px solid var(--line)}h3{font-size:1em;margin:1.4em 0 .4em}
h3 .note{font-weight:normal}
.wide{overflow-x:auto;-webkit-overflow-scrolling:touch}
.side{display:flex;flex-wrap:wrap;gap:8px}.side>*{flex:1 1 320px;min-width:0}
img{display:block;max-width:100%;height:auto}img.long{max-width:none;width:100%;min-width:900px}
table{border-collapse:collapse;font-size:.9em;margin:.4em 0}
th,td{padding:3px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line);
vertical-align:top}
td:first-child,th:first-child{text-align:left;position:sticky;left:0;background:Canvas}
td.text,th.text,td.word,th.word{text-align:left}
td.text{white-space:normal;min-width:13em;overflow-wrap:anywhere}
details summary{cursor:pointer;padding:8px 0}
.note{color:var(--soft)}p.miss{border-left:4px solid #d80;padding:2px 0 2px 10px}
nav a{display:inline-block;margin-right:1em;padding:4px 0}
i.p{display:block;background-color:#000;image-rendering:pixelated;border-radius:2px}
.set{display:flex;flex-wrap:wrap;gap:8px 2px}
figure{margin:0}figcaption{font-size:.8em;text-align:center}
.row{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:center;padding:3px 0}
.row b{flex:0 0 5.6em;font-weight:normal}.row small{color:var(--soft)}
.row b span{display:inline-block;min-width:1.4em;font-weight:bold}
.row i.p{flex:0 1 auto;background-color:#181818}
@media(max-width:600px){.row b{flex-basis:100%}td.text{min-width:10em}th,td{padding:3px 6px}}
@media(prefers-color-scheme:dark){:root{--soft:#aaa}img{filter:invert(1) hue-rotate(180deg)}}
"""


@dataclass(frozen=True)
class Section:
    """One part of a report.

    Attributes:
        title: Its heading.
        body: HTML.
        sheets: Sheets that its body shows pictures of, by name.
        charts: Other pictures of its body as PNG, by name.
    """

    title: str
    body: str
    sheets: Mapping[str, Sheet] = field(default_factory=dict)
    charts: Mapping[str, bytes] = field(default_factory=dict)

    def pictures(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and PNG of every picture."""
        yield from self.charts.items()
        for name, sheet in self.sheets.items():
            yield name, sheet.png


def page(title: str, about: Sequence[str], sections: Sequence[Section]) -> str:
    """Return a whole page."""
    links = " ".join(
        f'<a href="#s{number}">{html.escape(section.title)}</a>'
        for number, section in enumerate(sections)
    )
    body = "\n".join(
        f'<section id="s{number}"><h2>{html.escape(section.title)}</h2>\n{section.body}\n</section>'
        for number, section in enumerate(sections)
    )
    sheets = "\n".join(
        f".{name}{{background-image:url({_data(sheet.png)})}}"
        for section in sections
        for name, sheet in section.sheets.items()
    )
    lines = "".join(f"<p>{html.escape(line)}</p>\n" for line in about)
    weight = (len(body) + len(sheets)) / 1e6
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}{sheets}</style></head><body>\n"
        f"<h1>{html.escape(title)}</h1>{lines}<nav>{links}</nav>\n{body}\n"
        f'<p class="note">This page is one file of {weight:.1f} MB; its pictures lie beside it as '
        "PNG.</p>\n</body></html>\n"
    )


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[object]],
    text: Collection[int] = (),
    words: Collection[int] = (),
) -> str:
    """Return a table; `text` names columns of sentences, `words` of single words, not numbers."""
    kinds = {**dict.fromkeys(text, " class=text"), **dict.fromkeys(words, " class=word")}

    def cells(row: Sequence[object], tag: str) -> str:
        return "".join(
            f"<{tag}{kinds.get(number, '')}>{_shown(value)}</{tag}>"
            for number, value in enumerate(row)
        )

    lines = "\n".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{cells(head, "th")}</tr>\n{lines}</table></div>'


def _shown(value: object) -> str:
    return html.escape(f"{value:,}" if isinstance(value, int) else str(value))


def chart(png: bytes, alt: str, long: bool = False) -> str:
    """Return a chart; a long one is scrolled sideways where the screen is narrow."""
    kind = ' class="long"' if long else ""
    return f'<div class="wide"><img{kind} alt="{html.escape(alt)}" src="{_data(png)}"></div>'


def part(
    name: str, place: tuple[int, int], size: tuple[int, int], about: str, step: int = 0
) -> str:
    """Return a part of a sheet.

    Args:
        name: Name of the sheet.
        place: Left and top in the sheet, in pixels.
        size: Width and height in pixels.
        about: What it shows.
        step: Width of one of the pictures in it: where the screen is too narrow for the part, as
            many are shown whole as fit. 0 for a part that is one picture.
    """
    width = f"width:{size[0]}px"
    if step:
        width += f";max-width:100%;max-width:round(down,100%,{step}px)"
    return (
        f'<i class="p {name}" role="img" aria-label="{html.escape(about)}" style="{width};'
        f'height:{size[1]}px;background-position:-{place[0]}px -{place[1]}px"></i>'
    )


def example(name: str, sheet: Sheet, number: int, caption: str, title: str) -> str:
    """Return one picture of a sheet with a caption, and more words for who points at it."""
    width, height = (edge - GAP for edge in sheet.cell)
    shown = part(name, sheet.places[number], (width, height), title)
    return (
        f'<figure title="{html.escape(title)}">{shown}'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def side_by_side(parts: Sequence[str]) -> str:
    """Return parts that stand side by side where there is room."""
    return f'<div class="side">{"".join(parts)}</div>'


def flowing(parts: str) -> str:
    """Return parts that flow like words."""
    return f'<div class="set">{parts}</div>'


def labelled(char: str, code: str, parts: Sequence[str]) -> str:
    """Return a row of a contact sheet: a character, its code point, its pictures."""
    name = f"<b><span>{html.escape(char)}</span> <small>{html.escape(code)}</small></b>"
    return f'<div class="row">{name}{"".join(parts)}</div>'


def quiet(text: str) -> str:
    """Return words in place of pictures."""
    return f"<small>{html.escape(text)}</small>"


def heading(title: str, about: str) -> str:
    """Return the heading of a part, with a quieter word after it."""
    about = f'<span class="note"> – {html.escape(about)}</span>' if about else ""
    return f"<h3>{html.escape(title)}{about}</h3>"


def folded(title: str, body: str, opened: bool = False) -> str:
    """Return a part that opens on a click."""
    state = " open" if opened else ""
    return f"<details{state}><summary>{html.escape(title)}</summary>{body}</details>"


def note(text: str) -> str:
    """Return a line of explanation."""
    return f'<p class="note">{html.escape(text)}</p>'


def missing(text: str) -> str:
    """Return a line that says what the page can't show."""
    return f'<p class="miss">{html.escape(text)}</p>'
