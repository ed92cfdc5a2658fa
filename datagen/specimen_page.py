"""Specimens as one HTML file that loads nothing from outside."""

import base64
import html
import json
from collections.abc import Iterable, Sequence

from datagen.characters import CharacterTable
from datagen.specimen_glyphs import GOOD, HEIGHT, SOME, WIDTH, Strip
from datagen.specimen_png import ink_png

_STYLE = f"""
:root{{color-scheme:light dark;--line:#8884;--soft:#666;--bad:#c00;--some:#b60;--paper:#fff}}
*{{box-sizing:border-box}}
body{{font:15px/1.5 system-ui,sans-serif;background:var(--paper);max-width:1280px;
margin:0 auto;padding:16px}}
h1{{font-size:1.5em;margin:.2em 0}}h2{{font-size:1.15em;margin:0;display:inline}}
section{{border-top:1px solid var(--line);padding:12px 0;content-visibility:auto;
contain-intrinsic-size:auto 260px}}
.note{{color:var(--soft);overflow-wrap:anywhere}}small{{color:var(--soft);overflow-wrap:anywhere}}
form{{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;z-index:2;background:var(--paper);
padding:8px 0}}@media(min-width:700px){{form{{position:sticky;top:0}}}}
form label{{display:flex;gap:6px;align-items:center;min-height:32px}}
input,select{{font:inherit;max-width:100%}}input[type=search]{{width:11em}}
.g{{display:grid;grid-template-columns:repeat(auto-fill,{WIDTH}px);
justify-content:space-between;gap:1px}}
.g i{{position:relative;width:{WIDTH}px;height:{HEIGHT}px}}
.g i::before,.g i::after{{content:"";position:absolute;inset:0}}
.g i.r::after{{border:1px solid var(--bad);background:
linear-gradient(to top right,#0000 48.5%,var(--bad) 49% 51%,#0000 51.5%),
linear-gradient(to bottom right,#0000 48.5%,var(--bad) 49% 51%,#0000 51.5%)}}
.g i.s::after{{border:2px dashed var(--some)}}
.why{{margin:.3em 0 0;color:var(--bad)}}[hidden]{{display:none}}
@media(prefers-color-scheme:dark){{:root{{--soft:#aaa;--bad:#f66;--some:#fa4;--paper:#000}}
.g i::before{{filter:invert(1)}}}}
"""

_SCRIPT = """
const all=[...document.querySelectorAll('section')],form=document.forms[0];
function show(){let n=0;const q=form.q.value.trim().toLowerCase();
for(const s of all){const on=(!form.style_.value||s.dataset.style===form.style_.value)
&&(!form.bad.checked||s.dataset.bad==='1')&&s.dataset.name.includes(q);s.hidden=!on;n+=on}
document.getElementById('n').textContent=n+' of '+all.length+' families';
document.getElementById('none').hidden=n>0}
form.addEventListener('input',show);form.addEventListener('submit',e=>e.preventDefault());
document.addEventListener('mouseover',e=>{const t=e.target;if(t.tagName==='I'&&!t.title)
t.title=names[[...t.parentNode.children].indexOf(t)]});show();
"""


def page(
    strips: Sequence[Strip], characters: CharacterTable, rejected: Iterable[tuple[str, str]]
) -> str:
    """Return the page.

    Args:
        strips: The families, drawn.
        characters: The classes.
        rejected: File and reason of each font that can't be used.
    """
    sections = "\n".join(_section(n, strip, characters) for n, strip in enumerate(strips))
    size = f".g i::before{{background-size:{len(characters) * WIDTH}px {HEIGHT}px}}"
    columns = size + "".join(
        f".g i:nth-child({n + 1})::before{{background-position:-{n * WIDTH}px 0}}"
        for n in range(len(characters))
    )
    styles = "".join(
        f"<option>{html.escape(style)}</option>"
        for style in sorted({strip.family.style for strip in strips})
    )
    names = [f"{c.codepoint} {c.name}" for c in characters]
    script = f"const names={json.dumps(names)};".replace("<", "\\u003c") + _SCRIPT
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Font specimens</title><style>{_STYLE}{columns}</style></head><body>\n"
        f"<h1>Font specimens</h1><p>{len(strips)} families over {len(characters)} classes. "
        "Crossed in red: rejected in every face of the family. Dashed: rejected in some faces. "
        "The picture is of the family's plainest face.</p>\n"
        '<form><label>Style <select name="style_"><option value="">all</option>'
        f'{styles}</select></label><label>Name <input type="search" name="q"></label>'
        '<label><input type="checkbox" name="bad"> only with rejected characters</label>'
        '<span class="note" id="n" aria-live="polite"></span></form>\n'
        f'<p class="note" id="none" hidden>No family is like that.</p>\n{sections}\n'
        f"{_unusable(rejected)}<script>{script}</script>\n</body></html>\n"
    )


def _section(number: int, strip: Strip, characters: CharacterTable) -> str:
    family = strip.family
    name = html.escape(family.family)
    faces = f"{len(family.faces)} face{'s' if len(family.faces) != 1 else ''}"
    about = f"{family.style} · {family.license} · {faces} · "
    about += f"{family.usable} of {len(characters)} usable"
    whose = html.escape(family.copyright or family.faces[0].path)
    data = base64.b64encode(ink_png(strip.pixels)).decode()
    cells = "".join(_cell(verdict) for verdict in strip.verdicts.tolist())
    bad = int(strip.verdicts.any())
    style = html.escape(family.style)
    return (
        f'<section data-name="{html.escape(family.family.lower())}" data-style="{style}" '
        f'data-bad="{bad}"><style>#f{number} i::before{{background-image:'
        f"url(data:image/png;base64,{data})}}</style>\n"
        f'<h2>{name}</h2> <span class="note">{html.escape(about)}</span>\n'
        f'<div class="g" id="f{number}" role="img" aria-label="The classes in {name}">'
        f"{cells}</div>\n{_why(strip, characters)}<small>{whose}</small></section>"
    )


def _cell(verdict: int) -> str:
    if verdict == GOOD:
        return "<i></i>"
    return '<i class="s"></i>' if verdict == SOME else '<i class="r"></i>'


def _why(strip: Strip, characters: CharacterTable) -> str:
    """Say which characters are rejected and why, those of one reason and one extent together."""
    every = len(strip.family.faces)
    parts = []
    for code, reasons in strip.family.rejected.items():
        char = characters[characters.label(code)].char
        for reason, count in reasons.items():
            extent = f" ({count} of {every} faces)" if count < every else ""
            parts.append(f"<b>{html.escape(char)}</b> {code} {html.escape(reason)}{extent}")
    if not parts:
        return ""
    listed = "; ".join(parts)
    if len(parts) > 4:
        return (
            f'<details class="why"><summary>{len(parts)} rejections and their reasons</summary>'
            f"{listed}</details>"
        )
    return f'<p class="why">{listed}</p>'


def _unusable(rejected: Iterable[tuple[str, str]]) -> str:
    lines = "".join(
        f"<li>{html.escape(file)}: {html.escape(reason)}</li>" for file, reason in rejected
    )
    if not lines:
        return ""
    return f'<h2>Fonts that can\'t be used</h2><ul class="note">{lines}</ul>\n'
