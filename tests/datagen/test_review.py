"""The review page in a real browser, opened from disk."""

import json
import re
import time

import dirty
import numpy as np
import pandas as pd
import pytest

from datagen import review
from datagen.curate import configure, curate


@pytest.fixture(scope="module")
def curated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("review")
    files = dirty.clean("AGk", 20)
    files["train/U+0047/torn.png"] = files["train/U+006B/004.png"]
    files["train/U+0047/near-torn.jpg"] = dirty.jpeg(dirty.symbol("k", 6))
    files["train/</script>/1.png"] = files["train/U+006B/004.png"]
    path = dirty.write(folder / "set.zip", files)
    return curate({"set": path}, folder / "out", configure(None, [], trains=False), workers=1)


@pytest.fixture
def browser(tmp_path, chromium):
    with chromium(tmp_path / "profile", "1200,800", downloads=tmp_path) as driver:
        yield driver
        problems = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert problems == []


def press(browser, *keys):
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def choose(browser, name, value):
    browser.execute_script(
        "const s = document.getElementById(arguments[0]); s.value = arguments[1];"
        "s.dispatchEvent(new Event('change')); document.getElementById('scroll').focus()",
        name,
        value,
    )


def text(browser, selector):
    return browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector
    )


def test_the_page_loads_nothing_and_survives_hostile_names(curated):
    page = curated.page.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:)|https?://|@import""", page)
    data = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert len(json.loads(data.group(1))["id"]) == curated.pictures


def test_decisions_made_by_keys_are_saved_and_obeyed(curated, browser, tmp_path):
    browser.get(curated.page.as_uri())
    shown = text(browser, ".cell .why")
    assert shown[:2] == ["near-labels", "near-labels"]
    browser.find_element("id", "who").send_keys('Ada "A", Countess')
    choose(browser, "check", str(_check(browser, "near-labels")))
    assert len(text(browser, ".cell")) == 2
    press(browser, "a", "r")
    browser.find_element("id", "answer").send_keys("£\n")
    assert browser.find_element("id", "wrong").is_displayed()
    browser.find_element("id", "answer").clear()
    browser.find_element("id", "answer").send_keys("R\n")
    choose(browser, "check", "")
    choose(browser, "verdict", "keep")
    press(browser, "k", "d", "d", "\ue012", "u")
    assert "4 decided" in text(browser, "#count")[0]
    press(browser, "s")
    saved = tmp_path / "decisions.csv"
    deadline = time.monotonic() + 20
    while not saved.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    table = pd.read_csv(saved, dtype=str, keep_default_na=False)
    assert sorted(table["verdict"]) == ["drop", "keep", "relabel", "relabel"]
    assert set(table["who"]) == {'Ada "A", Countess'}
    assert "U+0052" in set(table["codepoint"])
    source = curated.folder.parent / "set.zip"
    again = curate(
        {"set": source}, tmp_path / "again", configure(None, [saved], trains=False), workers=1
    )
    assert again.decided == 4
    browser.get(again.page.as_uri())
    assert "4 decided" in text(browser, "#count")[0]


def _check(browser, name):
    return browser.execute_script("return D.checks.indexOf(arguments[0])", name)


def test_filters_search_and_drafts(curated, browser):
    browser.get(curated.page.as_uri())
    choose(browser, "verdict", "")
    assert f"of {curated.pictures}" in text(browser, "#count")[0]
    choose(browser, "class", "32")
    assert set(text(browser, ".cell .names b:first-child")) <= {"A", "G", "k", "?"}
    choose(browser, "class", "")
    browser.find_element("id", "search").send_keys("near-torn")
    assert len(text(browser, ".cell")) == 1
    choose(browser, "verdict", "relabel")
    assert browser.find_element("id", "none").is_displayed()
    browser.execute_script("document.getElementById('search').value = ''")
    choose(browser, "verdict", "")
    press(browser, "d")
    browser.refresh()
    assert "1 decided" in text(browser, "#count")[0]


def test_the_page_shows_the_pixels_of_the_picture(curated, browser):
    browser.get(curated.page.as_uri())
    pixels = np.fromfile(curated.folder / ".build/pixels", np.uint8).reshape(-1, 32, 32)
    sheet = next(review.sheets(pixels))
    from io import BytesIO

    from PIL import Image

    shown = np.asarray(Image.open(BytesIO(sheet)).convert("L")).astype(int)
    row = 7
    part = shown[: review.ROWS * 32, row * 32 : row * 32 + 32][:32]
    assert np.abs(part - pixels[row]).max() <= 9
    assert browser.execute_script("return sheet(0).startsWith('blob:')")


def test_only_what_is_in_sight_is_drawn_of_100_000(curated, browser, tmp_path):
    page = curated.page.read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL).group(1))
    times = -(-100_000 // len(data["id"]))
    for name in ("label", "source", "verdict", "check", "score", "suggested", "origin"):
        data[name] *= times
    data["id"] = [f"{number:016x}" for number in range(len(data["label"]))]
    many = re.sub(
        r'(id="data">).*?(</script>)',
        lambda m: m.group(1) + json.dumps(data).replace("<", "\\u003c") + m.group(2),
        page,
        flags=re.DOTALL,
    )
    (tmp_path / "many.html").write_text(many, encoding="utf-8")
    browser.get((tmp_path / "many.html").as_uri())
    choose(browser, "verdict", "")
    assert "of 100," in text(browser, "#count")[0]
    press(browser, "\ue010", "\ue00e", "d")
    assert 0 < len(text(browser, ".cell")) < 300
    assert "1 decided" in text(browser, "#count")[0]


def test_it_fits_a_phone(curated, browser):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 800, "deviceScaleFactor": 2, "mobile": True},
    )
    browser.get(curated.page.as_uri())
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width <= 390
    assert text(browser, ".cell")
