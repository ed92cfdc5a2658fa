"""Train, evaluate, export and demonstrate compact classifiers of symbol images."""

import os

from datagen import __version__

# TensorFlow and Keras read these once, when they are first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

__all__ = ["__version__"]
