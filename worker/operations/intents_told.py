"""How history and events tell of a ticket's intents: all of them, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from worker.domain.changes import FieldChange
from worker.domain.entities import AiAgent
from worker.domain.intents import Intent, IntentChange, StoredIntent


def told_intents(
    stored: Sequence[StoredIntent], changes: Sequence[IntentChange], agents: Mapping[int, AiAgent]
) -> tuple[FieldChange, ...]:
    """The change of the field `intents`; nothing when none changes."""
    if not changes:
        return ()
    before = {one.id: one.intent for one in stored}
    after = list((before | {change.id: change.intent for change in changes if change.id is not None}).values())
    after += [change.intent for change in changes if change.id is None]
    old, new = ([_brief(intent, agents) for intent in intents] for intents in (before.values(), after))
    return (FieldChange("intents", old, new),)


def _brief(intent: Intent, agents: Mapping[int, AiAgent]) -> dict[str, object]:
    agent = agents.get(intent.agent_id)
    return {
        "code": agent.code if agent else None,
        "contractId": intent.contract_id,
        "status": intent.status,
        "data": dict(intent.data),
    }
