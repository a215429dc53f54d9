from __future__ import annotations

import pytest

from tests.evaluation.__main__ import evaluate
from tests.evaluation.checks import Check
from tests.evaluation.figures import Figure, figures
from tests.evaluation.labelled import Part, messages
from worker.ai.embedded.engine import EmbeddedEngine


@pytest.fixture(scope="module")
def checked() -> list[Check]:
    """What is right and wrong in the part that rules may be tuned on."""
    return evaluate(EmbeddedEngine, [message for message in messages() if message.part is Part.TUNE])


@pytest.fixture(scope="module")
def tuned(checked: list[Check]) -> dict[str, Figure]:
    """Its figures."""
    return {figure.name: figure for figure in figures("embedded", checked) if figure.part is Part.TUNE}


def test_the_embedded_engine_reaches_every_goal_where_it_was_tuned(tuned: dict[str, Figure]) -> None:
    assert [name for name, figure in tuned.items() if not figure.met] == []


def test_no_clean_mail_of_the_tuning_part_is_called_spam_for_its_text(checked: list[Check]) -> None:
    judged = [check for check in checked if check.figure == "clean_left_alone" and not check.message.headers]

    assert [check.message.id for check in judged if not check.right] == []
