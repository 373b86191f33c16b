"""TensorFlow's import without the garbage collector, which takes a quarter of the time to import it and ask it once."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_import() -> Iterator[None]:
    """A context for imports that load TensorFlow: nothing is collected in it, or looked through later, nor at the end.

    Hundreds of thousands of objects come with TensorFlow, hardly any of which is ever given back, and the collector
    would go through them again and again while they become more. Where TensorFlow is there already, nothing changes.
    """
    if "tensorflow" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
