"""Which stages a mode runs."""

from __future__ import annotations

import pytest

from worker.domain.plans import DROPS_MANUAL_TAGS, STAGES
from worker.domain.words import RefreshMode, Stage


def test_every_mode_has_a_plan() -> None:
    assert STAGES.keys() == {*RefreshMode}


@pytest.mark.parametrize("mode", RefreshMode)
def test_stages_run_in_one_order_and_each_once(mode: RefreshMode) -> None:
    order = list(Stage)
    assert list(STAGES[mode]) == sorted(set(STAGES[mode]), key=order.index)


def test_full_runs_every_stage() -> None:
    assert STAGES[RefreshMode.FULL] == tuple(Stage)


def test_modes_that_drop_manual_tags_detect_tags_alone() -> None:
    assert {STAGES[mode] for mode in DROPS_MANUAL_TAGS} == {(Stage.TAGS,)}
