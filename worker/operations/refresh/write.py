"""Writes what stages propose: under lock, after checking again, and nothing over a person's decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from worker.context import Context
from worker.domain.changes import TAGS_FIELD, Actor, Cause, TicketChange, net_change
from worker.domain.entities import Ticket, is_spam, spam_status_kept
from worker.domain.intents import IntentChange, StoredIntent, merge_intents
from worker.domain.plans import STAGES
from worker.domain.words import ActorType, RunState, SpamStatus, Stage, StageState, TagSource
from worker.operations.announce import Refreshed, announce_refreshed
from worker.operations.intents_told import told_intents
from worker.operations.publish import publish
from worker.operations.refresh.draft import Draft, Proposal, StageEnd
from worker.operations.refresh.reasons import Reason
from worker.operations.refresh.rules import Definitions
from worker.operations.refresh.standing import Standing
from worker.storage.batches import batches_without_worklog
from worker.storage.dead import Dead, bury
from worker.storage.intents import read_intents, save_intents
from worker.storage.runs import end_runs, held_runs
from worker.storage.stage_results import save_stage_results
from worker.storage.tickets import Origin, lock_tickets, save_changes, touched_by_people
from worker.webhooks.retry import delay

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


def write_drafts(
    context: Context, drafts: Sequence[Draft], definitions: Definitions, standing: Standing | None
) -> list[RunState]:
    """Write all drafts in one transaction; the states in which runs ended (a run that is retried has none)."""
    results, messages = context.database.transact(
        lambda connection: _write(context, connection, drafts, definitions, standing)
    )
    publish(context, messages)
    return [result.state for result in results if result.again_at is None]


def _write(
    context: Context,
    connection: Connection,
    drafts: Sequence[Draft],
    definitions: Definitions,
    standing: Standing | None,
) -> tuple[list[Result], list[str]]:
    """How each run ended, and the messages that tell of what they changed."""
    now = context.clock()
    ids = [draft.ticket.id for draft in drafts]
    tickets = lock_tickets(connection, ids, {*_fields(drafts), "customerId", "contractId"})
    held = held_runs(connection, [draft.run for draft in drafts])
    touched = touched_by_people(connection, {draft.ticket.id: draft.run.ticket_version for draft in drafts})
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
    origin = Origin(
        BY_AI,
        now,
        runs={draft.ticket.id: (draft.run.id, draft.run.batch_id) for draft in ours},
        unlogged=batches_without_worklog(connection, {draft.run.batch_id for draft in ours} - {None}),
    )
    save_changes(connection, [result.change for result in results if result.change], origin, worklog=True)
    save_intents(connection, {d.ticket.id: r.intents for d, r in zip(ours, results, strict=True) if r.intents}, now)
    if standing is not None:
        save_stage_results(connection, dict(_standing_results(standing, ours, results, tickets)))
    end_runs(connection, [_row(draft, result, now) for draft, result in zip(ours, results, strict=True)])
    bury(connection, _dead(ours, results), now)
    return results, announce_refreshed(connection, list(_refreshed(ours, results)), now)


def _standing_results(
    standing: Standing, drafts: Sequence[Draft], results: Sequence[Result], tickets: Mapping[int, Ticket]
) -> Iterator[tuple[int, Mapping[Stage, str]]]:
    """What results rest on, of tickets that nobody changed since they were read."""
    for draft, result in zip(drafts, results, strict=True):
        # What another engine did instead does not stand for this one's answer.
        ends = [end for end in result.stages if end.state in {StageState.DONE, StageState.UNCHANGED}]
        found = [end.stage for end in ends if end.reason is None]
        if found and tickets[draft.ticket.id].version == draft.ticket.version:
            yield draft.ticket.id, standing.after(found, draft, result.change)


def _refreshed(drafts: Sequence[Draft], results: Sequence[Result]) -> Iterator[Refreshed]:
    for draft, result in zip(drafts, results, strict=True):
        if result.change is not None:
            yield Refreshed(draft.run.id, draft.run.mode, draft.run.batch_id, result.change)


def _fields(drafts: Sequence[Draft]) -> Iterator[str]:
    for draft in drafts:
        for proposal in draft.proposals.values():
            yield from proposal.values
            yield from proposal.beside


def _result(context: Context, draft: Draft, now: Now, definitions: Definitions) -> Result:
    """How a run goes on: it ends, is tried again, or writes what its stages propose."""
    if draft.end is not None:
        return _without_stages(draft, *draft.end)
    spam_status = now.ticket.values["spamStatus"]
    if is_spam(spam_status, now.ticket.tags, context.settings.spam_detection_tag_ids):
        return _without_stages(draft, RunState.SKIPPED, Reason.SPAM)
    if draft.stopped is not None and spam_status == SpamStatus.MANUAL_CLEAN:
        # A person overruled the verdict that the run stopped at: from the start, so that it does all of its stages.
        return Result(RunState.RUNNING, Reason.CHANGED_BY_PERSON, again_at=now.at)
    if draft.retry is not None:
        delays = context.settings.retry_delays
        wait = delay(draft.run.attempt, delays, context.jitter(), draft.retry.retry_after)
        if wait is not None:
            return Result(RunState.RUNNING, draft.retry.reason, again_at=now.at + wait)
    return _merge(draft, now, definitions)


def _without_stages(draft: Draft, state: RunState, reason: str) -> Result:
    return Result(state, reason, [StageEnd(stage, StageState.SKIPPED, reason) for stage in STAGES[draft.run.mode]])


def _merge(draft: Draft, now: Now, definitions: Definitions) -> Result:
    """Put the proposals of all stages together, less what a person decided meanwhile."""
    ends: dict[Stage, StageEnd] = {}
    values: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    causes: dict[str, Cause] = {}
    tags: Mapping[int, TagSource] | None = None
    intents: list[IntentChange] = []
    for stage, proposal in draft.proposals.items():
        kept = _allowed(stage, proposal, now)
        values.update(kept.values)
        # The customer stage comes before the agents': by now it is known which contract the ticket will have.
        new_intents = _intents(kept, values.get("contractId", now.ticket.values["contractId"]), now, definitions)
        changes = net_change(now.ticket, kept.values, kept.tags, by=BY_AI, now=now.at) is not None or bool(new_intents)
        ends[stage] = _stage_end(stage, proposal, kept, now, changes=changes)
        beside.update(kept.beside)
        causes.update(kept.causes)
        tags = kept.tags if kept.tags is not None else tags
        intents += new_intents
    also = told_intents(now.intents, intents, definitions.agents)
    change = net_change(now.ticket, values, tags, by=BY_AI, now=now.at, beside=beside, also=also, causes=causes)
    stages = _stage_ends(draft, ends)
    failed = next((end.reason for end in stages if end.state is StageState.FAILED), None)
    return Result(RunState.FAILED if failed else RunState.DONE, failed, stages, change, intents)


def _allowed(stage: Stage, proposal: Proposal, now: Now) -> Proposal:
    """The proposal without fields that a person changed since the run began (contract section 4)."""
    lost = proposal.fields & now.touched
    # What tags bring with them goes when the tags go.
    if TAGS_FIELD in lost or (stage in AS_ONE and lost):
        return replace(proposal, values={}, beside={}, tags=None)
    values = {name: value for name, value in proposal.values.items() if name not in lost}
    if "spamStatus" in values and spam_status_kept(now.ticket.values["spamStatus"], values["spamStatus"]):
        del values["spamStatus"]
    return replace(proposal, values=values)


def _stage_end(stage: Stage, proposal: Proposal, kept: Proposal, now: Now, *, changes: bool) -> StageEnd:
    if proposal.fields & now.touched:
        return StageEnd(stage, StageState.SUPERSEDED, Reason.CHANGED_BY_PERSON)
    if proposal.fields != kept.fields:
        return StageEnd(stage, StageState.SKIPPED, Reason.MANUAL_SPAM_STATUS_KEPT)
    return StageEnd(stage, StageState.DONE if changes else StageState.UNCHANGED, proposal.reason)


def _intents(proposal: Proposal, contract_id: object, now: Now, definitions: Definitions) -> list[IntentChange]:
    if not proposal.findings:
        return []
    contract = None if contract_id is None else str(contract_id)
    return merge_intents(now.intents, proposal.findings, definitions.agents, contract)


def _stage_ends(draft: Draft, written: Mapping[Stage, StageEnd]) -> list[StageEnd]:
    """Every stage of the mode, in order; those that were not reached say what the run stopped at."""
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
