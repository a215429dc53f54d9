"""A model's large arrays, where forked processes have them in common."""

from __future__ import annotations

from mmap import MADV_DONTNEED, mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGE = 500_000  # bytes


def share_weights(model: object) -> None:
    """Move the large arrays among a model's attributes there: who asks the model nothing then counts none of them.

    A child that applies a batch would else begin with the 70 MB of an encoder that it never uses.
    """
    attributes = vars(model)
    large = {name: value for name, value in attributes.items() if getattr(value, "nbytes", 0) >= _LARGE}
    attributes.update((name, _shared(array)) for name, array in large.items())


def _shared(array: NDArray[Any]) -> NDArray[Any]:
    memory = mmap(-1, array.nbytes)
    copy = np.frombuffer(memory, dtype=array.dtype).reshape(array.shape)
    copy[:] = array
    memory.madvise(MADV_DONTNEED)  # this process neither, until it asks: what is shared stays
    return copy
