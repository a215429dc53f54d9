"""A model's large arrays, where forked processes have them in common."""

from __future__ import annotations

from mmap import MADV_DONTNEED, mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGE = 500_000  # bytes


class SharedWeights:
    """The large arrays of models: who asks a model nothing counts none of them.

    A child that applies a batch would else begin with the 70 MB of an encoder that it never uses.
    """

    def __init__(self) -> None:
        self._memories: list[mmap] = []

    def take(self, model: object) -> None:
        """Move the large arrays among a model's attributes here."""
        attributes = vars(model)
        for name in [name for name, value in attributes.items() if getattr(value, "nbytes", 0) >= _LARGE]:
            attributes[name] = self._shared(attributes[name])

    def leave(self) -> None:
        """Count none of them in this process, until it asks again: what is shared stays."""
        for memory in self._memories:
            memory.madvise(MADV_DONTNEED)

    def _shared(self, array: NDArray[Any]) -> NDArray[Any]:
        memory = mmap(-1, array.nbytes)
        self._memories.append(memory)
        copy = np.frombuffer(memory, dtype=array.dtype)
        for at in range(0, array.size, _LARGE):  # bit by bit: nothing is there twice
            copy[at : at + _LARGE] = array.reshape(-1)[at : at + _LARGE]
            memory.madvise(MADV_DONTNEED)
        return copy.reshape(array.shape)
