"""Writes what stages propose: under lock, after checking again, and nothing over a person's decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from worker.context import Context
from worker.domain.changes import TAGS_FIELD, Actor, FieldChange, TicketChange, net_change
from worker.domain.entities import Ticket, is_spam, spam_status_kept
from worker.domain.intents import Intent, IntentChange, StoredIntent, merge_intents
from worker.domain.plans import STAGES
from worker.domain.words import ActorType, RunState, Stage, StageState, TagSource
from worker.operations.refresh.draft import Draft, Proposal, StageEnd
from worker.operations.refresh.stages import MANUAL_SPAM_STATUS_KEPT, SPAM_REASON, Definitions
from worker.storage.dead import Dead, bury
from worker.storage.intents import read_intents, save_intents
from worker.storage.runs import end_runs, held_runs
from worker.storage.tickets import Origin, lock_tickets, save_changes, touched_by_people
from worker.webhooks.retry import delay

CHANGED_BY_PERSON = "changed_by_person"
BY_AI = Actor(ActorType.AI)
AS_ONE = frozenset({Stage.CUSTOMER})
"""Stages whose fields belong together: a person's change of one keeps all."""


@dataclass(frozen=True, slots=True)
class Now:
    """What is stored at the moment of writing."""

    at: datetime
    ticket: Ticket
    touched: frozenset[str]
    intents: Sequence[StoredIntent]


@dataclass(slots=True)
class Result:
    """What one run writes."""

    state: RunState
    reason: str | None = None
    stages: list[StageEnd] = field(default_factory=list)
    change: TicketChange | None = None
    intents: list[IntentChange] = field(default_factory=list)
    again_at: datetime | None = None


def write_drafts(context: Context, drafts: Sequence[Draft], definitions: Definitions) -> list[RunState]:
    """Write all drafts in one transaction; the states in which runs ended (a run that is retried has none)."""
    results = context.database.transact(lambda connection: _write(context, connection, drafts, definitions))
    return [result.state for result in results if result.again_at is None]


def _write(context: Context, connection: Connection, drafts: Sequence[Draft], definitions: Definitions) -> list[Result]:
    now = context.clock()
    ids = [draft.ticket.id for draft in drafts]
    tickets = lock_tickets(connection, ids, {*_fields(drafts), "customerId", "contractId"})
    held = held_runs(connection, [draft.run for draft in drafts])
    touched = touched_by_people(connection, {draft.ticket.id: draft.ticket.version for draft in drafts})
    intents = read_intents(connection, [draft.ticket.id for draft in drafts if Stage.AGENTS in draft.proposals])
    ours = [draft for draft in drafts if draft.run.id in held and draft.ticket.id in tickets]
    results = [
        _result(
            context,
            draft,
            Now(
                now,
                tickets[draft.ticket.id],
                frozenset(touched.get(draft.ticket.id, ())),
                intents.get(draft.ticket.id, []),
            ),
            definitions,
        )
        for draft in ours
    ]
    origin = Origin(BY_AI, now, runs={draft.ticket.id: (draft.run.id, draft.run.batch_id) for draft in ours})
    save_changes(connection, [result.change for result in results if result.change], origin, worklog=True)
    save_intents(connection, {d.ticket.id: r.intents for d, r in zip(ours, results, strict=True) if r.intents}, now)
    end_runs(connection, [_row(draft, result, now) for draft, result in zip(ours, results, strict=True)])
    bury(connection, _dead(ours, results), now)
    return results


def _fields(drafts: Sequence[Draft]) -> Iterator[str]:
    for draft in drafts:
        for proposal in draft.proposals.values():
            yield from proposal.values
            yield from proposal.beside


def _result(context: Context, draft: Draft, now: Now, definitions: Definitions) -> Result:
    if draft.end is not None:
        state, reason = draft.end
        return Result(state, reason, [StageEnd(stage, StageState.SKIPPED, reason) for stage in STAGES[draft.run.mode]])
    if draft.retry is not None:
        return _retry(context, draft, now.at)
    if is_spam(now.ticket.values["spamStatus"], now.ticket.tags, context.settings.spam_detection_tag_ids):
        return Result(
            RunState.SKIPPED,
            SPAM_REASON,
            [StageEnd(stage, StageState.SKIPPED, SPAM_REASON) for stage in STAGES[draft.run.mode]],
        )
    return _merge(draft, now, definitions)


def _retry(context: Context, draft: Draft, now: datetime) -> Result:
    """A passing failure: again later, or given up when the delays are used up."""
    assert draft.retry is not None  # noqa: S101 - the caller has looked
    wait = delay(draft.run.attempt, context.settings.retry_delays, context.jitter(), draft.retry.retry_after)
    if wait is None:
        return Result(RunState.FAILED, draft.retry.reason, _stage_ends(draft, {}))
    return Result(RunState.RUNNING, draft.retry.reason, again_at=now + wait)


def _merge(draft: Draft, now: Now, definitions: Definitions) -> Result:
    """Put the proposals of all stages together, less what a person decided meanwhile."""
    ends: dict[Stage, StageEnd] = {}
    values: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    tags: Mapping[int, TagSource] | None = None
    intents: list[IntentChange] = []
    for stage, proposal in draft.proposals.items():
        kept = _allowed(stage, proposal, now)
        new_tags = None if proposal.tags is None or TAGS_FIELD in now.touched else proposal.tags
        new_intents = _intents(kept, draft, now, definitions)
        changes = net_change(now.ticket, kept.values, new_tags, by=BY_AI, now=now.at) is not None or bool(new_intents)
        ends[stage] = _stage_end(stage, proposal, kept, now, changes=changes)
        values.update(kept.values)
        beside.update(kept.beside)
        tags = new_tags if new_tags is not None else tags
        intents += new_intents
    also = _told(now.intents, intents, definitions)
    change = net_change(now.ticket, values, tags, by=BY_AI, now=now.at, beside=beside, also=also)
    stages = _stage_ends(draft, ends)
    failed = next((end.reason for end in stages if end.state is StageState.FAILED), None)
    return Result(RunState.FAILED if failed else RunState.DONE, failed, stages, change, intents)


def _allowed(stage: Stage, proposal: Proposal, now: Now) -> Proposal:
    """The proposal without fields that a person changed since the run began (contract section 4)."""
    if stage in AS_ONE and not now.touched.isdisjoint(proposal.values):
        return replace(proposal, values={}, beside={})
    values = {name: value for name, value in proposal.values.items() if name not in now.touched}
    if "spamStatus" in values and spam_status_kept(now.ticket.values["spamStatus"], values["spamStatus"]):
        del values["spamStatus"]
    return replace(proposal, values=values)


def _stage_end(stage: Stage, proposal: Proposal, kept: Proposal, now: Now, *, changes: bool) -> StageEnd:
    tags_lost = proposal.tags is not None and TAGS_FIELD in now.touched
    if tags_lost or not now.touched.isdisjoint(proposal.values):
        return StageEnd(stage, StageState.SUPERSEDED, CHANGED_BY_PERSON)
    if proposal.values.keys() != kept.values.keys():
        return StageEnd(stage, StageState.SKIPPED, MANUAL_SPAM_STATUS_KEPT)
    return StageEnd(stage, StageState.DONE if changes else StageState.UNCHANGED)


def _intents(proposal: Proposal, draft: Draft, now: Now, definitions: Definitions) -> list[IntentChange]:
    if not proposal.findings:
        return []
    contract_id = draft.seen.values["contractId"]
    if {"customerId", "contractId"} & now.touched:
        contract_id = now.ticket.values["contractId"]
    return merge_intents(
        now.intents, proposal.findings, definitions.agents, None if contract_id is None else str(contract_id)
    )


def _told(
    stored: Sequence[StoredIntent], changes: Sequence[IntentChange], definitions: Definitions
) -> tuple[FieldChange, ...]:
    """How history tells of intents: all of the ticket's, before and after."""
    if not changes:
        return ()
    before = {one.id: one.intent for one in stored}
    after = list((before | {change.id: change.intent for change in changes if change.id is not None}).values())
    after += [change.intent for change in changes if change.id is None]
    return (
        FieldChange(
            "intents",
            [_brief(intent, definitions) for intent in before.values()],
            [_brief(intent, definitions) for intent in after],
        ),
    )


def _brief(intent: Intent, definitions: Definitions) -> dict[str, object]:
    agent = definitions.agents.get(intent.agent_id)
    return {
        "code": agent.code if agent else None,
        "contractId": intent.contract_id,
        "status": intent.status,
        "data": dict(intent.data),
    }


def _stage_ends(draft: Draft, written: Mapping[Stage, StageEnd]) -> list[StageEnd]:
    """Every stage of the mode, in order; those that were not reached say why."""
    why = draft.stopped or (draft.retry.reason if draft.retry else None)
    return [
        written.get(stage) or draft.ended.get(stage) or StageEnd(stage, StageState.SKIPPED, why)
        for stage in STAGES[draft.run.mode]
    ]


def _row(draft: Draft, result: Result, now: datetime) -> dict[str, Any]:
    return {
        "id": draft.run.id,
        "state": result.state.value,
        "reason": result.reason,
        "stages": [asdict(end) for end in result.stages],
        "lease_until": result.again_at,
        "finished_at": None if result.again_at else now,
    }


def _dead(drafts: Sequence[Draft], results: Sequence[Result]) -> Iterator[Dead]:
    for draft, result in zip(drafts, results, strict=True):
        if result.state is RunState.FAILED:
            detail = {"ticketId": draft.ticket.id, "mode": draft.run.mode.value, "batchId": draft.run.batch_id}
            yield Dead("run", result.reason or "failed", draft.run.id, detail)
