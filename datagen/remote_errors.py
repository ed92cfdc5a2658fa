"""What the libraries that speak to stores raise, in words: each has errors of its own."""

import errno
import re
from pathlib import Path

_UNREACHED = "Connect|Timeout|Endpoint|gaierror"  # in names of errors
_SHOWN = 200  # characters of what a store says


def is_local(error: Exception) -> bool:
    """Whether it is about this machine's own files: these errors are told of elsewhere."""
    if not isinstance(error, OSError):
        return False
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    return full or Path(str(error.filename or "")).is_absolute()


def is_unreached(error: BaseException) -> bool:
    """Whether no answer came from the store."""
    return re.search(_UNREACHED, _kinds(error)) is not None


def explain(error: BaseException) -> str:
    """Say in words what a store's library raised, and what to do."""
    kinds = _kinds(error)
    said = " ".join(f"{type(error).__name__}: {error}".split())[:_SHOWN]
    if is_unreached(error):
        return (
            f"the store can't be reached ({said}); see to the network and run the same command "
            "again to go on"
        )
    if re.search("PermissionError|Credential|Unauthorized|Forbidden", kinds):
        return (
            f"the store refuses access ({said}); give credentials that may read and write there "
            "in the way of the store's own tools"
        )
    if "FileNotFoundError" in kinds:
        return f"the store has no such bucket or file ({said}); make it, or mend the URL"
    if "NotImplementedError" in kinds:
        return f"this kind of store can't do what is needed here ({said}); give another"
    return f"the store answers with an error ({said}); mend that and run the same command again"


def _kinds(error: BaseException) -> str:
    """Return the names of all classes of an error and of what caused it."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    return " ".join(kind.__name__ for each in causes for kind in type(each).__mro__)
