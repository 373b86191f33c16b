"""What went wrong, in one line."""

from __future__ import annotations

import signal


def in_one_line(error: BaseException) -> str:
    r"""Why something failed, for a person who has not written it.

    >>> in_one_line(ValueError("expected a number,\n got 'x'"))
    "expected a number, got 'x'"
    >>> in_one_line(MemoryError("Unable to allocate 29.0 GiB for an array"))
    'ran out of memory: Unable to allocate 29.0 GiB for an array'
    """
    from tfrs_lab.data import DataError

    text = " ".join(str(error).split())
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":  # the latter is TensorFlow's
        return f"ran out of memory{f': {text}' if text else ''}"
    if isinstance(error, SystemExit):
        return f"ended its process (exit status {text or 0})"
    if isinstance(error, (DataError, ValueError, ImportError, FloatingPointError, OSError)):
        return text or type(error).__name__
    return f"{type(error).__name__}: {text} (--debug shows where)"


DEATHS = {
    "SIGKILL": "killed by the system, most likely for want of memory",
    "SIGSEGV": "crashed (segmentation fault)",
    "SIGABRT": "crashed (aborted)",
}
"""What the usual signals mean that end a process."""


def of_exit(status: int | None) -> str:
    """Why a process is gone without a word.

    >>> of_exit(-11), of_exit(-4), of_exit(3)
    ('crashed (segmentation fault)', 'crashed (SIGILL)', 'ended its process (exit status 3)')
    """
    if status is None or status >= 0:
        return f"ended its process (exit status {status})"
    name = signal.Signals(-status).name
    return DEATHS.get(name, f"crashed ({name})")
