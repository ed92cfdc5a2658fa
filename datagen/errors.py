"""The one kind of error a user is meant to read.

Library code raises `InputError` for anything that a user can mend: a wrong argument, a broken file,
a full disk. Its message is one sentence that names the file or the value, says what is wrong and
what to do. The command line prints it without a traceback; any other exception is a defect of ours.
"""


class InputError(ValueError):
    """Something outside the program is wrong, and the message says what.

    Attributes:
        exit_code: What the command line exits with: 1 for bad data, 2 for bad usage.
    """

    exit_code = 1


class UsageError(InputError):
    """An argument or a recipe is wrong: nothing was read or written yet."""

    exit_code = 2


def nearest(name: str, known: list[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name closest to `name`, or an empty string."""
    import difflib

    # In a file anything can stand where a name should.
    match = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
    return f"; did you mean {match[0]!r}?" if match else ""
