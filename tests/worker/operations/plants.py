"""An action that tests watch, and what it needs: an agent, intents, somebody who listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from worker.domain.actions import ActionRequest, ActionResult
from worker.operations.load import load
from worker.storage.bulk import insert_rows
from worker.storage.tables import HistoryRow, IntentRow

if TYPE_CHECKING:
    from tests.worker.operations.conftest import World

ENTER = {"type": "enter", "name": "Eintragen", "recommended": True, "order": 1}
AGENT = {"id": 3, "code": "meter", "name": "Meter reading", "options": [ENTER], "autoExecute": ["enter"]}
DATA = {"reading": 317}


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Plant:
    """An action that writes down what it was asked."""

    ends: Callable[[ActionRequest], ActionResult] = lambda _: ActionResult(success=True, message="Entered.")
    asked: list[ActionRequest] = field(default_factory=list)

    def __call__(self, request: ActionRequest) -> ActionResult:
        self.asked.append(request)
        return self.ends(request)

    @property
    def keys(self) -> list[str]:
        return [request.key for request in self.asked]


def add_intents(world: World, *ticket_ids: int, **values: Any) -> None:  # noqa: ANN401
    rows = [
        {
            "ticket_id": ticket_id,
            "ai_agent_id": 3,
            "contract_id": "",
            "open": True,
            "status": "ready",
            "confidence": 0.9,
            "confidence_color": "success",
            "verified": False,
            "data": DATA,
            "options": [ENTER],
            "infos": [],
            "outcome": None,
            "created_at": world.now,
        }
        | values
        for ticket_id in ticket_ids
    ]
    with world.context.database.write() as connection:
        insert_rows(connection, IntentRow, rows)


def listen(world: World, *events: str) -> None:
    endpoint = {"id": "a", "url": "https://example.com/", "secret": "whsec_c2VjcmV0", "events": list(events)}
    load(world.context, {"webhooks": [endpoint]})


def told(world: World, name: str = "autoExecuteAt") -> list[tuple[Any, Any]]:
    return [(row["new"], row["cause"]) for row in world.rows(HistoryRow) if row["field"] == name]


def fail(failure: Exception) -> Callable[[ActionRequest], ActionResult]:
    def ends(_: ActionRequest) -> ActionResult:
        raise failure

    return ends


def kill_once() -> Callable[[ActionRequest], ActionResult]:
    dead: list[str] = []

    def ends(request: ActionRequest) -> ActionResult:
        if not dead:
            dead.append(request.key)
            raise Killed
        return ActionResult(success=True)

    return ends
