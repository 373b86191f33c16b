"""What ships: towers, objectives and the models made of them, in Keras on TensorFlow Recommenders.

Glossary, used in every name and docstring here:

- *query*: the side that asks, a user (later: a user's history, a context); *candidate*: what is retrieved, a movie.
- *tower*: the layers from raw features or ids to one vector; query tower and candidate tower end in one space.
- *score*: the dot product of a query and a candidate vector; higher is better.
- *in-batch negatives*: the other rows' movies serve as negatives; *logQ correction*: subtracting the log of the
  probability with which a movie turns up as such a negative; *accidental hit*: a negative that is the row's own movie.
- Shapes: ``batch`` rows of a training step or request, ``dim`` length of an embedding, ``users`` and ``movies``
  sizes of the vocabularies, ``k`` length of a result list.

It imports no TensorFlow itself: modules here take it from ``tfrs_lab.models.backend``, which checks.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_import() -> Iterator[None]:
    """A context for imports that load TensorFlow, without the garbage collector, which takes a quarter of their time.

    Of the hundreds of thousands of objects that come with TensorFlow hardly any is ever freed: the collector is off
    during the import, and leaves these objects alone later. Where TensorFlow is loaded already, nothing changes.
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
