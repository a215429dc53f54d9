"""Actions are found as entry points named like their agents."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.domain import actions
from worker.domain.actions import BROKEN_PLUG_IN, ActionRequest, find_action
from worker.domain.entities import AiAgent, Ticket
from worker.domain.failures import Permanent
from worker.domain.intents import Intent, StoredIntent
from worker.domain.plug_ins import plug_ins

REQUEST = ActionRequest(
    "key", Ticket(1, 1, {}), StoredIntent(7, Intent(3, None, "ready", 0.9, "success")), {}, AiAgent(3, "meter", "Meter")
)
MODULE = """
from worker.domain.actions import ActionResult
def enter(request):
    return ActionResult(success=True, message=request.key)
"""
POINTS = """
[ticket_worker.actions]
meter = some_plug_in:enter
lost = some_plug_in:nothing_like_this
"""


@pytest.fixture
def _plugged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution as pip would have installed it."""
    (tmp_path / "some_plug_in.py").write_text(MODULE)
    (tmp_path / "some_plug_in-1.dist-info").mkdir()
    (tmp_path / "some_plug_in-1.dist-info" / "entry_points.txt").write_text(POINTS)
    (tmp_path / "some_plug_in-1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: some_plug_in\nVersion: 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    plug_ins.cache_clear()
    yield
    sys.modules.pop("some_plug_in", None)
    plug_ins.cache_clear()
    actions._loaded.cache_clear()


@pytest.mark.usefixtures("_plugged_in")
def test_the_plug_in_of_an_agent_s_code_is_its_action() -> None:
    action = find_action("meter")

    assert action is not None
    assert action(REQUEST).message == "key"


@pytest.mark.usefixtures("_plugged_in")
def test_an_agent_without_a_plug_in_has_no_action() -> None:
    assert find_action("other") is None


@pytest.mark.usefixtures("_plugged_in")
def test_a_plug_in_that_cannot_be_loaded_fails_when_it_is_asked() -> None:
    action = find_action("lost")

    assert action is not None
    with pytest.raises(Permanent, match=BROKEN_PLUG_IN):
        action(REQUEST)
