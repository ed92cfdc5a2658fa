"""A tiny dataset and a model trained on it, made once for all tests here."""

import fontpkg
import pytest
from scratch_dataset import CLASSES, OPTIONS, drawings, table_of, write_dataset

from trainer.fit import fit

SIZE = 32

# Keras turns TensorFlow's variables into arrays with NumPy 1's protocol.
KERAS_ARRAYS = "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"


def pytest_configure(config):
    config.addinivalue_line("filterwarnings", KERAS_ARRAYS)


@pytest.fixture(scope="session")
def table():
    return table_of(CLASSES)


@pytest.fixture(scope="session")
def fonts():
    return [fontpkg.path(name) for name in ("roboto", "lora", "inter")]


@pytest.fixture(scope="session")
def splits(table, fonts):
    amounts = {"train": 40, "validation": 8, "test": 8}
    return {
        split: drawings(table, fonts, SIZE, count, seed)
        for seed, (split, count) in enumerate(amounts.items())
    }


@pytest.fixture(scope="session")
def dataset(tmp_path_factory, table, splits):
    folder = tmp_path_factory.mktemp("data") / "tiny"
    return write_dataset(
        folder, table, splits, size=SIZE, shards={"train": 3}, sources=("serif", "sans")
    )


@pytest.fixture(scope="session")
def run(tmp_path_factory, dataset):
    return fit(dataset, tmp_path_factory.mktemp("runs") / "run", epochs=6, **OPTIONS)
