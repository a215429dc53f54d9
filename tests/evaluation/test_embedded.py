from __future__ import annotations

import pytest

from tests.evaluation.__main__ import evaluate
from tests.evaluation.figures import Figure, figures
from tests.evaluation.labelled import Part, messages
from worker.ai.embedded.engine import EmbeddedEngine


@pytest.fixture(scope="module")
def tuned() -> dict[str, Figure]:
    """The figures of the part that rules may be tuned on."""
    found = figures("embedded", evaluate(EmbeddedEngine, messages()))
    return {figure.name: figure for figure in found if figure.part is Part.TUNE}


def test_the_embedded_engine_reaches_every_goal_where_it_was_tuned(tuned: dict[str, Figure]) -> None:
    assert [name for name, figure in tuned.items() if not figure.met] == []


def test_no_clean_mail_of_the_tuning_part_is_called_spam(tuned: dict[str, Figure]) -> None:
    assert tuned["clean_left_alone"].share == 1.0
