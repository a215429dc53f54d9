from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from tests.training.fit import heads
from worker.ai.embedded import heads as shipped
from worker.ai.embedded.concepts import read_entries
from worker.ai.embedded.heads import Heads
from worker.ai.embedded.vectors import DIMENSIONS, Encoder


@pytest.fixture(scope="module")
def made() -> Heads:
    return heads(Encoder())


@pytest.mark.parametrize("name", [field.name for field in fields(Heads)])
def test_the_shipped_arrays_are_what_training_makes(name: str, made: Heads) -> None:
    # Other processors round otherwise, and a solver stops a little earlier or later.
    np.testing.assert_allclose(getattr(shipped.load(), name), getattr(made, name), rtol=0.02, atol=0.02)


def test_shares_of_concepts_add_up_to_one(made: Heads) -> None:
    assert made.shares(made.background).sum(axis=1) == pytest.approx(1.0, abs=1e-4)


def test_nothing_to_judge_gives_no_rows(made: Heads) -> None:
    nothing = np.zeros((0, DIMENSIONS), dtype=np.float32)

    assert made.shares(nothing).shape == made.own(nothing).shape == (0, len(read_entries()))
