"""What an AI agent's action is: a plug-in that carries out what the agent found, asked by name.

A plug-in is an entry point of the group `ticket_worker.actions` whose name is the agent's code and that loads as an
`Action`. It may be run again with the same key, after a crash: see docs/decisions/0014-automatic-execution.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol, cast

from worker.domain.entities import AiAgent, Ticket
from worker.domain.failures import Permanent
from worker.domain.intents import StoredIntent
from worker.domain.plug_ins import plug_ins

GROUP = "ticket_worker.actions"
BROKEN_PLUG_IN = "broken_plug_in"
"""The reason of a failed outcome whose plug-in can't be loaded."""


@dataclass(frozen=True, slots=True)
class ActionRequest:
    """What an action is asked to carry out.

    `key` is the same whenever this intent is carried out: hand it on, so that nothing is done twice. `option` is the
    recommended one, as on the page. Ticket and intent are as read when the work was claimed.
    """

    key: str
    ticket: Ticket
    intent: StoredIntent
    option: Mapping[str, object]
    agent: AiAgent


@dataclass(frozen=True, slots=True)
class ActionResult:
    """How an action ended: what the page's `outcome` tells. `data` is JSON for `internalData`.

    `close_ticket` asks for the ticket to be closed, as far as it is still open.
    """

    success: bool
    message: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    tx_id: str | None = None
    close_ticket: bool = False


class Action(Protocol):
    """Carries out what an agent found. No transaction is open meanwhile."""

    def __call__(self, request: ActionRequest) -> ActionResult:
        """Do it, at most as long as `TICKETS_LEASE`.

        Raises:
            Transient: nothing was done and it may work later; it is tried again, if the gates are passed again.
            Permanent: it can't be done; recorded as a failed outcome, like any other exception.
        """


FindAction = Callable[[str], Action | None]
"""The action of the agent with this code; None when there is none."""


def find_action(code: str) -> Action | None:
    """The plug-in by the agent's code; one that can't be loaded is an action that fails."""
    return _loaded(code) if code in plug_ins(GROUP) else None


def announced(request: ActionRequest) -> ActionResult:  # noqa: ARG001 - an action's shape
    """The action of an agent without a plug-in: the event `intentExecuted` asks its receivers to carry it out."""
    return ActionResult(success=True, message="Announced to those who carry it out.")


@cache
def _loaded(code: str) -> Action:
    try:
        return cast("Action", plug_ins(GROUP)[code]())
    except Exception:  # noqa: BLE001 - whatever a plug-in's module raises, it concerns its own agent alone
        return _broken


def _broken(request: ActionRequest) -> ActionResult:  # noqa: ARG001 - an action's shape
    raise Permanent(BROKEN_PLUG_IN)
