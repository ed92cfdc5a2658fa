"""What all tests share: the real data, where it is, and a dataset built from a small recipe."""

import os
import tempfile
from pathlib import Path

import pytest

# Fonts are audited once for all tests, and nothing is left in the user's own cache.
_CACHE = tempfile.TemporaryDirectory(prefix="math-vision-tests-")
os.environ["MATH_VISION_CACHE"] = _CACHE.name

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real pictures; a test that needs it is skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real data is not here ({folder})")
    return folder
