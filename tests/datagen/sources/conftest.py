from pathlib import Path

import cv2
import numpy as np
import pytest

from datagen.characters import load, parse


@pytest.fixture(scope="session")
def characters():
    return load()


@pytest.fixture(scope="session")
def operators():
    return parse(
        "label,codepoint,name,aliases,shape\n"
        "0,U+00D7,MULTIPLICATION SIGN,times,U+00D7\n"
        "1,U+00F7,DIVISION SIGN,div,U+00F7\n"
        "2,U+2260,NOT EQUAL TO,neq,U+2260\n"
    )


@pytest.fixture(scope="session")
def shared():
    folder = Path(__file__).parents[4] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data is not in ../shared/data")
    return folder


@pytest.fixture(scope="session")
def png():
    """The bytes of a small PNG whose pixels depend on a number."""

    def encode(number=0):
        pixels = np.full((5, 4), number, np.uint8)
        pixels[0, 0] = 255
        return cv2.imencode(".png", pixels)[1].tobytes()

    return encode
