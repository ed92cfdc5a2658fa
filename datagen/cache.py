"""Where results are kept that can be made anew."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder for results that can be made anew: `$MATH_VISION_CACHE` or ``~/.cache``."""
    named = os.environ.get("MATH_VISION_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "math-vision"
