"""TensorFlow, which an installation may leave out: loaded where it is needed, or asked for."""

from datagen.errors import InputError
from trainer.quiet import silence


def load_tensorflow(what: str, instead: str = "") -> None:
    """Import Keras and TensorFlow, whose libraries greet on file descriptor 2 whatever is set.

    Args:
        what: What needs it, for the error.
        instead: What could be done without it, to be said after "or".

    Raises:
        InputError: It isn't installed, or can't be loaded.
    """
    try:
        with silence():
            import keras  # noqa: F401
    except ImportError as error:
        otherwise = f", or {instead}" if instead else ""
        reason = " ".join(str(error).split())[:160]
        raise InputError(
            f"{what} needs TensorFlow: install it with `pip install tensorflow`{otherwise} "
            f"({reason})"
        ) from error
