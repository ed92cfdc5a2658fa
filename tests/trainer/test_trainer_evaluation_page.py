"""The page of an evaluation in a real browser, opened from disk."""

import json
import re

import numpy as np
import pytest
from scratch_dataset import CLASSES, write_dataset

from trainer.evaluate import evaluate


@pytest.fixture(scope="module")
def result(run, splits, table, tmp_path_factory):
    """Every fourth label is wrong; one source has a hostile name."""
    folder = tmp_path_factory.mktemp("page")
    images, labels = splits["test"]
    labels = labels.copy()
    labels[::4] = (labels[::4] + 1) % len(CLASSES)
    names = ("serif", "</script><b>")
    data = write_dataset(folder / "data", table, {"test": (images, labels)}, size=32, sources=names)
    return evaluate(run.model, data, folder / "results")


@pytest.fixture(scope="module")
def driver(tmp_path_factory, chromium):
    with chromium(tmp_path_factory.mktemp("profile"), "1280,900") as driver:
        yield driver


@pytest.fixture
def browser(driver, result):
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.get(result.page.as_uri())
    yield driver
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []


def ask(browser, script, *values):
    return browser.execute_script(f"return {script}", *values)


def text(browser, selector):
    return ask(
        browser, "[...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector
    )


def choose(browser, name, value):
    browser.execute_script(
        "const s = document.getElementById(arguments[0]); s.value = arguments[1];"
        "s.dispatchEvent(new Event('change'))",
        name,
        value,
    )


def data_of(page):
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(found.group(1))


def test_the_page_loads_nothing_and_holds_every_mistake(result, table):
    page = result.page.read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:|#)|https?://|@import""", page)
    data = data_of(result.page)
    metrics = result.metrics
    wrong = round((1 - metrics["accuracy"]) * metrics["count"])
    assert len(data["mistakes"]["id"]) == wrong > 0
    assert sum(count for *_, count in data["cells"]) == metrics["count"]
    right = sum(count for true, predicted, _, count in data["cells"] if true == predicted)
    assert right / metrics["count"] == pytest.approx(metrics["accuracy"])
    assert sum(count for count, *_ in data["bins"][0]["after"]) == metrics["count"]
    assert max(np.bincount(data["examples"], minlength=len(table))) <= 4


def test_scores_origins_and_pictures_are_shown(browser, result):
    assert text(browser, ".tile b")[0] == f"{100 * result.metrics['accuracy']:.1f} %"
    assert re.search(r"draw \d+", text(browser, "#list .origin")[0])
    assert "</script><b>" in text(browser, "#source option")
    missing = ask(
        browser,
        "[...document.querySelectorAll('.thumb')].filter("
        "(t) => !t.style.backgroundImage.startsWith('url(\"blob:')).length",
    )
    assert missing == 0
    assert len(text(browser, "#pairs .pair")) > 3
    # The reliability diagram has a line before and one after.
    assert ask(browser, "document.querySelectorAll('#diagram polyline').length") == 2


def test_keys_zoom_the_matrix_and_walk_over_its_cells(browser):
    canvas = browser.find_element("id", "matrix")
    whole = ask(browser, "view.span")
    canvas.send_keys("+")
    assert ask(browser, "view.span") < whole
    canvas.send_keys("-")
    assert ask(browser, "view.span") == pytest.approx(whole)
    canvas.send_keys("++")
    canvas.send_keys("0")
    assert ask(browser, "[view.x, view.y, view.span]") == [0, 0, whole]
    browser.execute_script("choose(order[3], order[3])")
    assert "read as itself" in text(browser, "#cell")[0]
    canvas.send_keys("\ue014")  # arrow right
    assert ask(browser, "chosen.map((label) => order.indexOf(label))") == [3, 4]
    assert "taken for" in text(browser, "#cell")[0]


def test_the_wheel_zooms_at_the_pointer_but_only_a_matrix_in_use(browser):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.actions.wheel_input import ScrollOrigin

    canvas = browser.find_element("id", "matrix")
    browser.execute_script("document.getElementById('tools').scrollIntoView()")
    place = ScrollOrigin.from_element(canvas, -100, -100)
    whole = ask(browser, "view.span")
    ActionChains(browser).scroll_from_origin(place, 0, -120).perform()
    assert ask(browser, "view.span") == whole
    ActionChains(browser).move_to_element_with_offset(canvas, -100, -100).click().perform()
    under = "at({clientX: r().left + r().width / 2 - 100, clientY: r().top + r().height / 2 - 100})"
    spot = f"(() => {{ const r = () => canvas.getBoundingClientRect(); return {under}.column; }})()"
    before = ask(browser, spot)
    assert ask(browser, "chosen !== null")
    ActionChains(browser).scroll_from_origin(place, 0, -240).perform()
    assert ask(browser, "view.span") < whole
    assert ask(browser, spot) == pytest.approx(before, abs=0.1)
    moved = ask(browser, "view.x")
    drag = ActionChains(browser).move_to_element(canvas).click_and_hold()
    drag.move_by_offset(-60, 0).release().perform()
    assert ask(browser, "view.x") > moved


def test_a_source_look_alikes_and_the_search_filter_everything(browser, result):
    count = len(data_of(result.page)["mistakes"]["id"])
    assert text(browser, "#count")[0].endswith(f"of {count}")
    browser.find_element("id", "alike").click()
    fewer = int(text(browser, "#count")[0].split()[-1])
    assert fewer < count
    assert "look-alikes" not in " ".join(text(browser, "#pairs .pair"))
    browser.find_element("id", "alike").click()
    # Every wrong label is one of the source "serif".
    choose(browser, "source", "0")
    assert text(browser, "#count")[0] == "0 of 0"
    assert "No mistakes here" in text(browser, "#pairs")[0]
    choose(browser, "source", "1")
    assert text(browser, "#count")[0].endswith(f"of {count}")
    browser.find_element("id", "search").send_keys("draw 4")
    assert all(origin.startswith("draw 4") for origin in text(browser, "#list .origin"))
    browser.find_element("id", "search").clear()


def test_a_pair_leads_to_its_cell(browser):
    browser.find_element("css selector", "#pairs .jump").click()
    taken = ask(browser, "chosen.map((label) => D.chars[label])")
    assert text(browser, "#pairs .jump")[0] == " taken for ".join(taken)
    assert text(browser, "#cell h3")[0] == "these"


def test_it_fits_a_phone_and_its_buttons_zoom(browser):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True},
    )
    browser.refresh()
    assert ask(browser, "document.documentElement.scrollWidth") <= 390
    assert ask(browser, "canvas.getBoundingClientRect().right") <= 390
    whole = ask(browser, "view.span")
    browser.find_element("id", "in").click()
    assert ask(browser, "view.span") < whole
    browser.find_element("id", "fit").click()
    assert ask(browser, "view.span") == whole
