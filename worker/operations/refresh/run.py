"""The use case behind the six refresh tasks: claim, read, think, write, and see to what is left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from worker.context import Context
from worker.domain.entities import is_spam
from worker.domain.failures import Permanent, Transient
from worker.domain.plans import STAGES
from worker.domain.words import RefreshMode, RunState
from worker.operations.log_context import bind_work
from worker.operations.publish import publish_next
from worker.operations.refresh.customer import confirmed
from worker.operations.refresh.draft import Draft
from worker.operations.refresh.reasons import Reason
from worker.operations.refresh.rules import Definitions
from worker.operations.refresh.think import think
from worker.operations.refresh.write import write_drafts
from worker.storage.directory import ai_agent_definitions, tag_definitions
from worker.storage.outbox import settle_message
from worker.storage.runs import Run, claim_runs, next_start
from worker.storage.stage_results import read_stage_results
from worker.storage.tickets import read_tickets

log = structlog.get_logger(__name__)

SOON = timedelta(seconds=2)
"""When to look again at a run that waits behind another run of its ticket."""


def refresh(context: Context, run_ids: Sequence[str], message_id: str) -> dict[str, int]:
    """Run what may run of these; the message ends when all of them have ended, and is due again before that otherwise.

    Returns:
        How many runs ended in each state.
    """
    ended: dict[str, int] = {}
    while sum(ended.values()) < len(run_ids) and (runs := _claim(context, run_ids)):
        bind_work([run.ticket_id for run in runs], [run.batch_id for run in runs])
        drafts, definitions = _read(context, runs)
        standing = think(context, drafts, definitions)
        for state in write_drafts(context, drafts, definitions, standing):
            ended[state.value] = ended.get(state.value, 0) + 1
    _see_to_the_rest(context, run_ids, message_id)
    log.info("refresh_ended", **ended)
    return ended


def _claim(context: Context, run_ids: Sequence[str]) -> list[Run]:
    now = context.clock()
    lease_until = now + context.settings.lease
    return context.database.transact(
        lambda connection: claim_runs(connection, run_ids, now=now, lease_until=lease_until)
    )


def _see_to_the_rest(context: Context, run_ids: Sequence[str], message_id: str) -> None:
    with context.database.write() as connection:
        again_at = next_start(connection, run_ids, context.clock() + SOON)
        held_back = settle_message(connection, message_id, again_at)
    publish_next(context, held_back)


def _read(context: Context, runs: Sequence[Run]) -> tuple[list[Draft], Definitions]:
    """Everything the stages need, in one reading transaction."""
    with context.database.read() as connection:
        tickets = read_tickets(connection, [run.ticket_id for run in runs])
        definitions = Definitions(tag_definitions(connection), ai_agent_definitions(connection))
        last = read_stage_results(connection, list(tickets))
    drafts = [Draft(run, tickets[run.ticket_id], last=last.get(run.ticket_id, {})) for run in runs]
    for draft in drafts:
        draft.end = _at_start(context, draft)
    _add_customers(context, [draft for draft in drafts if draft.thinking and draft.ticket.values["customerId"]])
    return drafts, definitions


def _add_customers(context: Context, drafts: Sequence[Draft]) -> None:
    """Who the tickets' customers are. Where that cannot be told, conditions would mislead, so no stage runs."""
    if not drafts:
        return
    try:
        customers = context.directory.by_id({str(draft.ticket.values["customerId"]) for draft in drafts})
    except (Transient, Permanent) as failure:
        for draft in drafts:
            draft.fail(STAGES[draft.run.mode][0], failure)
            draft.end = (RunState.FAILED, failure.reason) if draft.retry is None else None
        return
    for draft in drafts:
        draft.customer = customers.get(str(draft.ticket.values["customerId"]))
        contracts = draft.customer.contracts if draft.customer else ()
        wanted = draft.ticket.values["contractId"]
        draft.contract = next((contract for contract in contracts if contract.id == wanted), None)


def _at_start(context: Context, draft: Draft) -> tuple[RunState, str] | None:
    """Whether a run ends before it has begun."""
    if draft.run.crashes >= context.settings.max_attempts:
        return RunState.FAILED, Reason.WORKER_LOST
    if is_spam(draft.ticket.values["spamStatus"], draft.ticket.tags, context.settings.spam_detection_tag_ids):
        return RunState.SKIPPED, Reason.SPAM
    if draft.run.mode is RefreshMode.CUSTOMER and confirmed(draft):
        return RunState.SKIPPED, Reason.CUSTOMER_CONFIRMED
    return None
