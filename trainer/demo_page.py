"""The page to draw on: one HTML file with everything in it, and the policy that it is sent with."""

import base64
import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

_STYLE, _SCRIPT, _DATA = "/*STYLE*/", "/*SCRIPT*/", "/*DATA*/"
_SCRIPTS = ("demo_paper.js", "demo_answer.js", "demo_camera.js", "demo.js")


@dataclass(frozen=True, slots=True)
class Page:
    """The page as it is sent.

    Attributes:
        content: The HTML file, UTF-8.
        policy: Its content security policy: it runs its own script and asks its own server, and
            loads nothing from anywhere.
    """

    content: bytes
    policy: str


def make(facts: dict[str, Any]) -> Page:
    """Put the page together from its parts.

    Args:
        facts: What its script is told about the model, as JSON values.
    """
    style = _part("demo.css")
    script = '"use strict";\n' + "".join(map(_part, _SCRIPTS))
    # "</script>" within a string would end the element.
    data = json.dumps(facts).replace("<", "\\u003c")
    # The hashes below are of all that stands between the tags, so nothing else may stand there.
    content = _part("demo.html").replace(_STYLE, style).replace(_SCRIPT, script)
    content = content.replace(_DATA, data)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "connect-src 'self'; img-src data: blob:; media-src blob:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    return Page(content.encode(), policy)


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _part(name: str) -> str:
    return resources.files("trainer").joinpath(name).read_text(encoding="utf-8")
