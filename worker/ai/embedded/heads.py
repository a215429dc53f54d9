"""The trained heads of `heads.npz`: linear models over sentence vectors, made by `python -m tests.training`.

Training wants scikit-learn and a minute; answering wants neither, so the arrays are shipped.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from worker.ai.embedded.vectors import Vectors

PATH = Path(__file__).with_name("heads.npz")


@dataclass(frozen=True, slots=True)
class Heads:
    """The arrays; columns of the first two are the entries of `concepts.json` in their order, the last row is a bias.

    `felt` (513 rows) scores each concept by itself, by ridge regression on -1 and 1; `chosen` (513 rows) are the logits
    of one concept against all others; `background` has the vectors of the concepts' examples, rows of 512; `relevance`
    are the weights of `relevance.FEATURES` and a bias; `unwanted` (513 rows, one column) tells advertising and fraud
    from what people write to their utility.
    """

    felt: Vectors
    chosen: Vectors
    background: Vectors
    relevance: Vectors
    unwanted: Vectors

    def own(self, vectors: Vectors) -> Vectors:
        """How much each vector is about each concept by itself, 0 to 1."""
        scores: Vectors = np.clip((with_bias(vectors) @ self.felt + 1.0) / 2.0, 0.0, 1.0)
        return scores

    def shares(self, vectors: Vectors) -> Vectors:
        """How likely each vector is about each concept rather than another; rows add up to 1."""
        logits = with_bias(vectors) @ self.chosen
        odds = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
        shares: Vectors = odds / odds.sum(axis=1, keepdims=True)
        return shares

    def suspicion(self, vectors: Vectors) -> Vectors:
        """How likely each vector is that of advertising or fraud."""
        odds: Vectors = 1.0 / (1.0 + np.exp(-(with_bias(vectors) @ self.unwanted)[:, 0]))
        return odds


def load() -> Heads:
    """The shipped heads."""
    with np.load(PATH, allow_pickle=False) as arrays:
        return Heads(**{field.name: arrays[field.name].astype(np.float32) for field in fields(Heads)})


def with_bias(vectors: Vectors) -> Vectors:
    """The vectors with a last column of ones."""
    return np.hstack([vectors, np.ones((len(vectors), 1), dtype=np.float32)])
