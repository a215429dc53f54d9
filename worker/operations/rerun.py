"""Re-runs: refreshes of all tickets that a filter names, asked for page by page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import Connection

from worker.context import Context
from worker.domain.entities import Ticket, is_spam
from worker.domain.words import Lane, RefreshMode
from worker.operations.arguments import read, read_mode, read_switch
from worker.operations.publish import publish
from worker.operations.refresh_requests import add_run_messages
from worker.operations.where import read_where
from worker.storage.runs import RequestedBy, request_runs
from worker.storage.selection import Selection, already_requested, matching_ids
from worker.storage.tickets import lock_tickets, read_tickets

log = structlog.get_logger(__name__)

COUNTED = ("matched", "scheduled", "merged", "skippedSpam")
"""What is counted: all tickets that matched, new runs, requests that a waiting run covers, and spam left alone."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A re-run with everything read and checked.

    `once`: what `by` names stands for this one re-run, so tickets that it has asked for before are not asked for again.
    """

    mode: RefreshMode
    selection: Selection
    by: RequestedBy
    once: bool = False


def rerun(
    context: Context,
    *,
    mode: object,
    where: object,
    force: object = False,
    dry_run: object = False,
    requested_by: str = "rerun",
    request_id: str | None = None,
) -> dict[str, object]:
    """Ask for refreshes of the tickets that match; a dry run only counts them.

    Requests merge into what waits, so asking again soon does no harm. With `request_id`, such as the task's, a re-run
    that was cut off and is started again goes on instead of asking for the same tickets twice.

    Returns:
        `{"success", "matched", "scheduled", "merged", "skippedSpam"}`; together the last three are `matched`, unless
        it is a dry run or one that went on.

    Raises:
        RefusedArguments: the mode, a switch or the filter is wrong.
    """
    by = requested_by if request_id is None else f"{requested_by}:{request_id}"[:255]
    plan = Plan(
        mode=read("mode", mode, read_mode),
        selection=read_where(where, context.settings.time_zone),
        by=RequestedBy(by, force=read("force", force, read_switch)),
        once=request_id is not None,
    )
    counts = count(context, plan) if read("dry_run", dry_run, read_switch) else request_all(context, plan)
    return {"success": True, **counts}


def count(context: Context, plan: Plan) -> Mapping[str, int]:
    """How many tickets match, and how many of them are spam."""
    total = Counter(dict.fromkeys(COUNTED, 0))
    for ids in _pages(context, plan.selection):
        with context.database.read() as connection:
            tickets = read_tickets(connection, ids, ("spamStatus",))
        spam = sum(_is_spam(context, ticket) for ticket in tickets.values())
        total.update(matched=len(tickets), skippedSpam=spam)
    return total


def request_all(context: Context, plan: Plan) -> Mapping[str, int]:
    """Ask for the refreshes, one transaction a page; the messages of a page leave with its commit."""
    total = Counter(dict.fromkeys(COUNTED, 0))
    for ids in _pages(context, plan.selection):
        counted, messages = context.database.transact(partial(_request_page, context, plan, ids))
        publish(context, messages)
        total.update(counted)
    log.info("rerun_requested", mode=plan.mode.value, requested_by=plan.by.what, **total)
    return total


def _pages(context: Context, selection: Selection) -> Iterator[list[int]]:
    """Ids of matching tickets, read anew for each page: a ticket that stops to match meanwhile is left out."""
    size = context.settings.chunk_size
    after = 0
    while True:
        with context.database.read() as connection:
            ids = matching_ids(connection, selection, after=after, limit=size)
        if ids:
            yield ids
        if len(ids) < size:
            return
        after = ids[-1]


def _request_page(
    context: Context, plan: Plan, ids: list[int], connection: Connection
) -> tuple[Mapping[str, int], list[str]]:
    tickets = lock_tickets(connection, ids, ())
    # Asked under the lock: whoever does the same re-run beside us has committed its page or waits for ours.
    done = already_requested(connection, ids, plan.by.what) if plan.once else set()
    spam = {ticket_id for ticket_id, ticket in tickets.items() if _is_spam(context, ticket)}
    wanted = [(ticket_id, plan.mode) for ticket_id in tickets if ticket_id not in spam | done]
    now = context.clock()
    runs = request_runs(connection, wanted, plan.by, now)
    messages = add_run_messages(connection, runs, batch_id=None, now=now, lane=Lane.BULK)
    scheduled = sum(map(len, runs.values()))
    counted = (len(tickets), scheduled, len(wanted) - scheduled, len(spam))
    return dict(zip(COUNTED, counted, strict=True)), messages


def _is_spam(context: Context, ticket: Ticket) -> bool:
    return is_spam(ticket.values["spamStatus"], ticket.tags, context.settings.spam_detection_tag_ids)
