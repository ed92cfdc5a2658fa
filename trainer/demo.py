"""A page to draw on, served to this computer alone."""

import os
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from datagen import console
from trainer import demo_page, packaged
from trainer.dataset import Dataset, open_dataset
from trainer.demo_answer import Answerer
from trainer.demo_server import MOST_BYTES, Server
from trainer.predict import open_model

if TYPE_CHECKING:
    from trainer.demo_nearest import Samples

_WAIT = 1.0  # second, for a picture that is being read when the program is stopped


def demo(
    model: str | Path | None = None,
    dataset: str | Path | None = None,
    *,
    port: int | None = None,
    browser: bool = True,
) -> None:
    """Serve a page to draw on, and answer what is drawn, until Ctrl-C.

    Args:
        model: A model file that `trainer predict` reads; None for the one that comes with it.
        dataset: A dataset folder, whose nearest training samples are then shown too.
        port: Where to listen; 0 for any free port; None for 8089, or a free one if that is taken.
        browser: Open the page in the user's browser.

    Raises:
        InputError: The model, the dataset or the port can't be used.
        UsageError: The dataset has no training samples.
    """
    path = packaged.default() if model is None else Path(model)
    opened = None if dataset is None else open_dataset(dataset)
    with serving(path, opened, port) as server:
        facts: dict[str, object] = {"page": server.url, "model": path}
        if server.answerer.samples is not None:
            facts["training samples"] = len(server.answerer.samples)
        console.summary("draw a symbol; Ctrl-C stops", facts)
        if browser:
            _browse(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.note("stopped")


@contextmanager
def serving(
    model: Path, dataset: Dataset | None = None, port: int | None = None
) -> Iterator[Server]:
    """Open the server of a model, to be run with `serve_forever`, and close it at the end.

    Args:
        model: A model file.
        dataset: A dataset, to find the nearest training samples in.
        port: As `demo` takes it.

    Raises:
        InputError: The model, the dataset or the port can't be used.
        UsageError: The dataset has no training samples.
    """
    reader, metadata = open_model(model)
    samples = None if dataset is None else _samples(dataset)
    page = demo_page.make(
        {
            "model": model.stem,
            "classes": {c.codepoint: [c.char, c.name] for c in metadata.table},
            "size": metadata.frame_size,
            "rejects": metadata.rejection is not None,
            "dataset": None if dataset is None else dataset.name,
            "folder": None if dataset is None else str(dataset.folder),
            "samples": 0 if samples is None else len(samples),
            "most": MOST_BYTES,
        }
    )
    answerer = Answerer(reader, metadata, samples)
    with Server(page, answerer, port) as server:
        yield server
    answerer.rest(_WAIT)


def _samples(dataset: Dataset) -> "Samples":
    from trainer.demo_nearest import Samples

    return Samples(dataset)


def _browse(url: str) -> None:
    # Without a screen, `webbrowser` would start a browser in the terminal, over what is printed.
    screen = {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & set(os.environ)
    if screen or not sys.platform.startswith("linux"):
        # Some browsers only return when they are closed.
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
    else:
        console.note("there is no screen here to open a browser on: open the page yourself")
