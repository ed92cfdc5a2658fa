"""What all tests share: the real data, where it is, and a dataset built from a small recipe."""

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

# Fonts are audited once for all tests, and nothing is left in the user's own cache.
_CACHE = tempfile.TemporaryDirectory(prefix="math-vision-tests-")
os.environ["MATH_VISION_CACHE"] = _CACHE.name

# What runs in the background of a script is born deaf to Ctrl-C, and so are its children.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).parents[1]


CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextlib.contextmanager
def _chromium(profile, window, *flags, downloads=None):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, *flags, f"--user-data-dir={profile}", f"--window-size={window}"):
        options.add_argument(flag)
    options.binary_location = CHROMIUM
    if downloads is not None:
        options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def chromium():
    """Starts a headless browser; a test that needs one is skipped where there is none."""
    pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if not (CHROMIUM and DRIVER):
        pytest.skip("chromium and chromedriver are not installed")
    return _chromium


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real pictures; a test that needs it is skipped where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real data is not here ({folder})")
    return folder


MATHS = """label,codepoint,name,aliases,shape
0,U+00D7,MULTIPLICATION SIGN,\\times times mul,U+00D7
1,U+00F7,DIVISION SIGN,\\div div,U+00F7
2,U+03C0,GREEK SMALL LETTER PI,\\pi pi,U+03C0
3,U+221A,SQUARE ROOT,\\sqrt sqrt,U+221A
4,U+2211,N-ARY SUMMATION,\\sum sum,U+2211
5,U+221E,INFINITY,\\infty infty,U+221E
"""


@pytest.fixture(scope="session")
def maths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of other characters than the 89."""
    path = tmp_path_factory.mktemp("tables") / "maths.csv"
    path.write_text(MATHS, encoding="utf-8")
    return path
