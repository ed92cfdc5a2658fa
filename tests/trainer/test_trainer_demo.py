"""The page to draw on: its server, asked directly, and the page itself in a real browser."""

import base64
import contextlib
import http.client
import io
import itertools
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from typer.testing import CliRunner

from datagen.errors import InputError, UsageError
from datagen.frame import frame
from trainer import demo_server, packaged
from trainer.cli import app
from trainer.dataset import open_dataset
from trainer.demo import serving
from trainer.demo_answer import Answerer
from trainer.demo_nearest import Samples
from trainer.predict import open_model, predict

CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


def png(picture):
    data = io.BytesIO()
    picture.save(data, "PNG")
    return data.getvalue()


def plus():
    picture = Image.new("L", (200, 200), 255)
    pen = ImageDraw.Draw(picture)
    pen.line((100, 30, 100, 170), 0, 14)
    pen.line((30, 100, 170, 100), 0, 14)
    return picture


def noise():
    cells = np.random.default_rng(0).integers(0, 2, (16, 16), np.uint8)
    return Image.fromarray(np.kron(cells * 255, np.ones((8, 8), np.uint8)))


@pytest.fixture(scope="module")
def server(dataset):
    with serving(packaged.default(), open_dataset(dataset), 0) as one:
        thread = threading.Thread(target=one.serve_forever, daemon=True)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


def request(server, method, path, body=b"", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, given)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply, content


def ask(server, file, path="/answer"):
    reply, content = request(server, "POST", path, file)
    assert reply.status == 200
    return json.loads(content)


def test_the_answer_is_the_one_that_predict_gives(server, tmp_path):
    file = tmp_path / "plus.png"
    file.write_bytes(png(plus()))
    answer = ask(server, file.read_bytes())
    (prediction,) = predict(None, [file])
    expected = [(c.codepoint, c.char, round(c.probability, 4)) for c in prediction.candidates]
    assert [tuple(found) for found in answer["candidates"]] == expected
    assert answer["candidates"][0][1] == "+"
    assert answer["verdict"] == prediction.verdict == "known"
    seen = np.frombuffer(base64.b64decode(answer["frame"]), np.uint8).reshape(32, 32)
    np.testing.assert_array_equal(seen, frame(plus()))
    assert answer["nearest"] is None


def test_a_keras_model_answers_too_and_look_alikes_are_summed(run, tmp_path):
    ring = Image.new("L", (100, 100))
    ImageDraw.Draw(ring).ellipse((20, 20, 80, 80), None, 255, 8)
    ring.save(tmp_path / "ring.png")
    answer = Answerer(*open_model(run.model)).answer(png(ring))
    (prediction,) = predict(run.model, [tmp_path / "ring.png"], top=9)
    assert [c.char for c in answer.candidates] == [c.char for c in prediction.candidates[:5]]
    assert answer.candidates[0].char in answer.alike == ("0", "O", "o")
    chances = {c.char: c.probability for c in prediction.candidates}
    assert answer.together == pytest.approx(sum(chances[char] for char in "0Oo"), abs=1e-4)


def test_noise_and_paper_are_no_symbols(server):
    assert ask(server, png(noise()))["verdict"] == "unknown"
    grains = np.random.default_rng(0).integers(0, 256, (99, 99), np.uint8)
    assert ask(server, png(Image.fromarray(grains)))["verdict"] == "empty"
    answer = ask(server, png(Image.new("L", (50, 50), 255)))
    assert answer["verdict"] == "empty"
    assert "no ink" in answer["reason"]
    assert answer["candidates"] == []


def test_the_nearest_samples_are_told_with_their_origin(server, splits, table, dataset):
    images, labels = splits["train"]
    answer = ask(server, png(Image.fromarray(images[5])), "/answer?nearest")
    first, *others = answer["nearest"]
    assert first["char"] == table[int(labels[5])].char
    assert first["likeness"] == pytest.approx(1, abs=1e-3)
    assert base64.b64decode(first["pixels"]) == images[5].tobytes()
    assert first["origin"] == "draw 5"
    assert first["source"] == "sans"
    assert any(first["id"] in f.read_text() for f in dataset.glob("manifests/train-*.csv"))
    alike = [one["likeness"] for one in answer["nearest"]]
    assert alike == sorted(alike, reverse=True)
    assert len(others) == 7


def test_of_a_large_dataset_an_even_share_is_searched(dataset):
    whole = open_dataset(dataset)
    some = Samples(whole, most=60)
    assert len(some) == 60
    assert len(some.nearest(np.zeros((32, 32), np.uint8), 99)) == 60
    assert len(Samples(whole)) == whole.count("train")


def test_a_dataset_without_training_samples_is_refused(dataset, tmp_path):
    copy = shutil.copytree(dataset, tmp_path / "copy")
    listing = copy / "manifests" / "shards.csv"
    kept = [line for line in listing.read_text().splitlines() if ",train," not in line]
    listing.write_text("\n".join(kept) + "\n")
    with pytest.raises(UsageError, match="has no split 'train'"):
        Samples(open_dataset(copy))


@pytest.mark.parametrize(
    "file",
    [b"", b"no picture", png(plus())[:90], b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(30), b"BM"],
)
def test_a_broken_picture_gives_one_sentence(server, file):
    error = ask(server, file)["error"]
    assert re.fullmatch(r"[a-z][^\n]*\.", error)
    assert "Traceback" not in error
    assert ask(server, png(plus()))["candidates"][0][1] == "+"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.tuples(st.integers(8, 400), st.integers(0, 255)).map(
            lambda pair: b"".join(
                bytes([pair[1]]) if n == pair[0] else bytes([value])
                for n, value in enumerate(png(plus()))
            )
        ),
        st.tuples(st.integers(1, 3), st.integers(1, 3), st.sampled_from(("L", "LA", "RGBA"))).map(
            lambda size: png(Image.new(size[2], size[:2], "gray"))
        ),
    )
)
def test_any_bytes_get_an_answer_or_a_sentence(server, file):
    answer = ask(server, file, "/answer?nearest")
    assert ("error" in answer) != ("verdict" in answer)


def test_a_large_photo_is_read(server):
    photo = plus().resize((4000, 4000)).convert("RGBA")
    assert ask(server, png(photo))["candidates"][0][1] == "+"


def test_only_requests_for_this_computer_from_its_own_page_are_answered(server):
    own = f"127.0.0.1:{server.server_port}"
    picture = png(plus())
    for host, origin, status in (
        (own, None, 200),
        (own, f"http://{own}", 200),
        (own.replace("127.0.0.1", "localhost"), None, 200),
        (own, "http://evil.example", 403),
        (own, "null", 403),
        (own, f"https://{own}", 403),
        (own, f"http://localhost:{server.server_port}", 403),
        ("evil.example", None, 403),
        (f"evil.example:{server.server_port}", f"http://evil.example:{server.server_port}", 403),
        ("127.0.0.1", None, 403),
        ("", None, 403),
    ):
        headers = {"Host": host} | ({"Origin": origin} if origin else {})
        for method, path, body in (("GET", "/", b""), ("POST", "/answer", picture)):
            reply, content = request(server, method, path, body, **headers)
            assert reply.status == status, (headers, content[:200])
            assert reply.getheader("Access-Control-Allow-Origin") is None


def test_sizes_lengths_and_paths_are_checked_before_anything_is_read(server):
    too_long = str(demo_server.MOST_BYTES + 1)
    for path, headers, status in (
        ("/answer", {"Content_Length": too_long}, 413),
        ("/answer", {"Content_Length": "9" * 50}, 413),
        ("/answer", {"Content_Length": "-1"}, 411),
        ("/answer", {"Content_Length": b"\xb2"}, 411),
        ("/answer", {"Content_Length": "3", "Transfer_Encoding": "chunked"}, 411),
        ("/other", {}, 404),
    ):
        reply, content = request(server, "POST", path, b"", **headers)
        assert reply.status == status
        assert len(json.loads(content)["error"].splitlines()) == 1
    assert request(server, "GET", "/../cli.py")[0].status == 404
    assert request(server, "DELETE", "/answer")[0].status == 501


def test_who_keeps_still_holds_up_nobody(server):
    with socket.create_connection(("127.0.0.1", server.server_port)) as idle:
        idle.sendall(f"POST /answer HTTP/1.1\r\nHost: {server.url[7:-1]}\r\n".encode())
        idle.sendall(b"Content-Length: 1000\r\n\r\nabc")
        assert ask(server, png(plus()))["verdict"] == "known"


def test_the_page_loads_nothing_and_may_load_nothing(server):
    reply, content = request(server, "GET", "/")
    page = content.decode()
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:|#)|https?://|@import""", page)
    policy = reply.getheader("Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    facts = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL).group(1))
    assert len(facts["classes"]) == 89
    assert facts["classes"]["U+003C"] == ["<", "LESS-THAN SIGN"]


def test_a_taken_port_is_told_or_another_one_used(server, monkeypatch):
    with pytest.raises(InputError, match=rf"port {server.server_port} is taken: give another"):
        demo_server.Server(server.page, server.answerer, server.server_port)
    monkeypatch.setattr(demo_server, "PORT", server.server_port)
    with demo_server.Server(server.page, server.answerer, None) as other:
        assert other.server_port != server.server_port
        assert str(other.server_port) in other.url


@contextlib.contextmanager
def started():
    """Run the command; gives the process and its page's address."""
    command = [sys.executable, "-c", "from trainer.cli import main; main()", "demo"]
    with subprocess.Popen(
        [*command, "handwriting", "--no-browser", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            lines = iter(process.stdout.readline, "")
            yield process, next(line for line in lines if "http://" in line).split()[-1]
        finally:
            process.kill()


def test_the_command_serves_until_it_is_interrupted():
    with started() as (process, url):
        port = int(url.rstrip("/").rpartition(":")[2])
        # As a browser does, the connection is held open.
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            connection.request("GET", "/")
            assert b"Draw a symbol" in connection.getresponse().read()
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "Traceback" not in rest + errors
        assert "stopped" in errors


def test_wrong_arguments_are_refused_in_one_sentence(tmp_path, server):
    def run(*arguments):
        return CliRunner(env={"COLUMNS": "400"}).invoke(app, ["demo", *map(str, arguments)])

    assert "Example: trainer demo" in run("--help").stdout
    assert run("--port", 70000).exit_code == 2
    for arguments, words in (
        ((tmp_path / "none.keras",), "none.keras is no file"),
        (("--dataset", tmp_path), "isn't a dataset folder"),
        (("--port", server.server_port), "is taken"),
    ):
        done = run(*arguments)
        assert done.exit_code == 1
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1


# In a browser.


@pytest.fixture(scope="module")
def driver(tmp_path_factory, chromium):
    with chromium(tmp_path_factory.mktemp("profile"), "1280,960", *CAMERA) as driver:
        yield driver


@pytest.fixture
def browser(driver, server):
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.get(server.url)
    yield driver
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []


def js(browser, script, *values):
    return browser.execute_script(f"return {script}", *values)


def until(browser, script):
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 30, 0.02).until(lambda one: js(one, script))


def settled(browser):
    until(browser, "!asking && !next && !waiting && !stroke")


def said(browser):
    """What is shown: the kind of verdict, the headline, and the five candidates."""
    settled(browser)
    return (
        js(browser, "$('right').className"),
        js(browser, "$('say').textContent"),
        js(browser, "rows.map((row) => row.querySelector('b').textContent)"),
    )


def draw(browser, *strokes, kind="mouse"):
    """Draw lines through points of a paper that is 100 wide, from its middle."""
    from selenium.webdriver.common.actions.action_builder import ActionBuilder
    from selenium.webdriver.common.actions.pointer_input import PointerInput

    paper = browser.find_element("id", "paper")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", paper)
    scale = paper.size["width"] / 100
    for points in strokes:
        actions = ActionBuilder(browser, mouse=PointerInput(kind, kind), duration=5)
        places = [
            (int(scale * (a + (b - a) * step / 4)), int(scale * (c + (d - c) * step / 4)))
            for (a, c), (b, d) in itertools.pairwise(points)
            for step in range(5)
        ]
        for number, (x, y) in enumerate(places):
            actions.pointer_action.move_to(paper, x, y)
            if number == 0:
                actions.pointer_action.pointer_down()
        actions.pointer_action.pointer_up()
        actions.perform()


PLUS = (((0, -30), (0, 30)), ((-30, 0), (30, 0)))
HAND_OVER = """
const bytes = Uint8Array.from(atob(arguments[0]), (one) => one.charCodeAt(0));
const data = new DataTransfer();
if (arguments[1]) data.items.add(new File([bytes], arguments[1]));
const set = {bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data};
const Kind = arguments[2] === "drop" ? DragEvent : ClipboardEvent;
document.dispatchEvent(new Kind(arguments[2], set));
"""


def hand_over(browser, file, name, way="drop"):
    browser.execute_script(HAND_OVER, base64.b64encode(file).decode(), name, way)
    # A picture is looked at by the browser before it is asked about.
    until(browser, "past.length || !$('problem').hidden")


@pytest.mark.parametrize("kind", ["mouse", "touch", "pen"])
def test_a_drawn_symbol_is_read_as_it_is_drawn(browser, kind):
    assert said(browser)[:2] == ("empty", "Nothing yet")
    draw(browser, PLUS[0], kind=kind)
    assert "|" in said(browser)[2]
    draw(browser, PLUS[1], kind=kind)
    verdict, headline, top = said(browser)
    assert verdict == "known"
    assert top[0] == "+"
    assert re.fullmatch(r"plus sign, \d+\s%", headline)
    widths = js(browser, "rows.map((row) => parseFloat(row.querySelector('i').style.width))")
    assert widths == sorted(widths, reverse=True)
    shares = js(browser, "rows.map((row) => row.querySelector('.share').textContent)")
    assert float(shares[0].split("\xa0")[0]) == pytest.approx(widths[0], abs=0.6)


def test_the_picture_that_the_model_sees_is_shown(browser):
    draw(browser, *PLUS)
    settled(browser)
    data = js(browser, "[...$('seen').getContext('2d').getImageData(0, 0, 32, 32).data]")
    seen = np.array(data, np.uint8).reshape(32, 32, 4)[..., 0]
    assert seen[:, 15:17].mean() > 150
    assert seen[15:17].mean() > 150
    assert seen[:8, :8].max() == 0


def test_the_nearest_samples_are_shown_with_their_origin(browser, dataset):
    draw(browser, *PLUS)
    settled(browser)
    shown = js(browser, "[...document.querySelectorAll('#samples li')].map((e) => e.textContent)")
    assert len(shown) == 8
    assert shown[0].startswith("+")
    assert re.search(r"draw \d+", shown[0])
    title = js(browser, "document.querySelector('#samples li').title")
    assert title.startswith(f"datagen show {dataset} ")


def test_keys_undo_and_clear_and_choose(browser):
    def press(key):
        browser.switch_to.active_element.send_keys(key)

    draw(browser, *PLUS)
    press("u")
    assert "|" in said(browser)[2]
    press("c")
    assert said(browser)[0] == "empty"
    assert js(browser, "$('clear').disabled")
    press("u")
    assert "|" in said(browser)[2]
    press("\ue017")  # delete
    assert said(browser)[0] == "empty"
    browser.execute_script("$('file').click = () => { window.chosen = true; }")
    press("o")
    assert js(browser, "window.chosen")
    # By Tab to the first button, which then shows that it is there.
    browser.execute_script("document.body.focus()")
    press("\ue004")
    assert js(browser, "document.activeElement.id") == "undo"
    outline = js(browser, "getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    press("\ue007")
    assert "|" in said(browser)[2]


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted_and_can_be_undone(browser, way):
    hand_over(browser, png(plus()), "plus.png", way)
    verdict, _, top = said(browser)
    assert (verdict, top[0]) == ("known", "+")
    assert js(browser, "$('caption').textContent") == "plus.png"
    assert js(browser, "pen.getImageData(0, 0, 448, 448).data.some((value) => value)")
    draw(browser, PLUS[0])  # on a paper of its own
    assert "|" in said(browser)[2]
    browser.find_element("id", "undo").click()
    assert said(browser)[2][0] == "+"
    browser.find_element("id", "undo").click()
    assert said(browser)[0] == "empty"


def test_a_file_is_chosen_that_the_browser_itself_cannot_show(browser, tmp_path):
    path = tmp_path / "plus.tiff"
    plus().save(path)
    browser.find_element("id", "file").send_keys(str(path))
    until(browser, "past.length")
    assert said(browser)[2][0] == "+"
    assert js(browser, "$('caption').textContent") == "plus.tiff"


def test_a_broken_picture_is_one_sentence_and_the_paper_stays(browser):
    draw(browser, *PLUS)
    hand_over(browser, png(plus())[:80], "torn.png")
    until(browser, "!$('problem').hidden")
    assert said(browser)[2][0] == "+"
    problem = js(browser, "$('problem').textContent")
    assert re.fullmatch(r"torn\.png: [^\n]*cut off[^\n]*\.", problem)
    assert js(browser, "$('caption').hidden")
    hand_over(browser, b"", None, "paste")
    assert "no picture to paste" in js(browser, "$('problem').textContent")
    hand_over(browser, b"", "empty.png")
    assert "empty.png is empty" in js(browser, "$('problem').textContent")
    draw(browser, PLUS[0])
    assert js(browser, "$('problem').hidden")


def test_noise_is_not_a_symbol(browser):
    hand_over(browser, png(noise()), "noise.png")
    verdict, headline, _ = said(browser)
    assert (verdict, headline) == ("unknown", "Not a symbol")
    until(browser, "$('spoken').textContent.startsWith('Not a symbol')")


def test_the_camera_is_read_and_a_picture_of_it_kept(browser):
    browser.find_element("id", "camera").click()
    until(browser, "filming() && $('right').dataset.time")
    assert js(browser, "document.activeElement.id") == "take"
    browser.find_element("id", "take").click()
    until(browser, "past.length")
    assert not js(browser, "filming()")
    assert js(browser, "$('caption').textContent") == "from the camera"
    assert js(browser, "$('video').srcObject") is None
    browser.find_element("id", "camera").click()
    until(browser, "filming()")
    browser.switch_to.active_element.send_keys("\ue00c")  # escape
    until(browser, "!filming()")
    settled(browser)


def test_it_says_so_when_the_program_is_gone(driver):
    with started() as (_, url):
        driver.get(url)
        assert js(driver, "$('nearest').hidden")
    draw(driver, PLUS[0])
    until(driver, "!$('problem').hidden")
    assert "start trainer demo again" in js(driver, "$('problem').textContent")
    driver.get("about:blank")
    driver.get_log("browser")  # the browser speaks of it too


def test_it_fits_a_phone_and_a_finger_draws_on_it(browser):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True},
    )
    browser.refresh()
    draw(browser, *PLUS, kind="touch")
    assert said(browser)[2][0] == "+"
    assert js(browser, "document.documentElement.scrollWidth") <= 390
    heights = js(browser, "[...document.querySelectorAll('button')].map((b) => b.offsetHeight)")
    assert all(height >= 44 for height in heights if height)
    # The headline is in sight below the paper, without scrolling.
    browser.execute_script("scrollTo(0, 0)")
    assert js(browser, "$('say').getBoundingClientRect().bottom") < 844


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ink_and_text_stand_out_in_either_scheme(browser, scheme):
    wanted = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
    draw(browser, *PLUS)
    assert said(browser)[2][0] == "+"
    ink = js(browser, "[...pen.getImageData(224, 224, 1, 1).data].slice(0, 3)")
    paper = js(browser, "getComputedStyle($('frame')).backgroundColor.match(/\\d+/g).map(Number)")
    assert abs(np.mean(ink) - np.mean(paper)) > 150
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
