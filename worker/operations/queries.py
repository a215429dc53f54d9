"""Questions that other services and people ask about many tickets: a backlog by filters, and what may be routed."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from worker.context import Context
from worker.domain.entities import SPAM, Ticket
from worker.domain.words import ErrorCode, Status
from worker.operations.arguments import read
from worker.operations.where import read_skills, read_where
from worker.payload.times import format_time
from worker.payload.wrong import Wrong
from worker.storage.selection import Condition, Selection, matching_ids
from worker.storage.tickets import read_tickets

MOST = 1_000
"""Tickets of a page."""

_FIELDS = ("status", "priority", "channel", "spamStatus", "agentId", "customerId", "subject", "createdAt", "dueBy")
_TIMES = frozenset({"createdAt", "dueBy"})


class Match(StrEnum):
    """How many of the skills a ticket must ask for."""

    ANY = "any"
    ALL = "all"


NOT_ROUTED = frozenset({Status.PENDING, Status.CLOSED})
"""Statuses of tickets that nobody is given (contract section 3)."""

_ROUTABLE = (
    Condition("status", tuple(status.value for status in Status if status not in NOT_ROUTED)),
    Condition("spamStatus", tuple(sorted(status.value for status in SPAM)), negated=True),
)


def list_tickets(context: Context, where: object, *, after: object = 0, limit: object = 100) -> dict[str, Any]:
    """The tickets that match, in the order of their ids.

    `where` is as `read_where` takes it. A page holds at most `limit` tickets with ids beyond `after`.

    Returns:
        `{"tickets": [{"id", "status", "priority", "channel", "spamStatus", "agentId", "customerId", "subject",
        "createdAt", "dueBy", "tagIds"}], "page": {"after": the last id or null, "more": whether others follow}}`.

    Raises:
        RefusedArguments: the filter, `after` or `limit` is wrong.
    """
    return _page(context, read_where(where, context.settings.time_zone), after, limit)


def list_routable(
    context: Context,
    skills: object = (),
    *,
    match: object = Match.ANY,
    where: object = None,
    after: object = 0,
    limit: object = 100,
) -> dict[str, Any]:
    """The tickets that may be given to somebody (contract section 3: `ticketScope=skills`), of those that match.

    Pending and closed ones, and those of the three spam statuses, are left out; the columns alone decide, no tag that
    marks spam at run time.

    Args:
        context: the outside.
        skills: ids of tags; a ticket must have any or all of them. None means whatever it has.
        match: `any` or `all`.
        where: further filters, as `read_where` takes them.
        after: the last id of the page before.
        limit: the most tickets of a page.

    Returns:
        What `list_tickets` returns.

    Raises:
        RefusedArguments: an argument is wrong.
    """
    ids = read("skills", list(skills) if isinstance(skills, tuple) else skills, read_skills)
    every = read("match", match, _read_match) is Match.ALL
    tagged = [Condition("tagIds", (one,)) for one in ids] if every else [Condition("tagIds", ids)] if ids else []
    asked = read_where({} if where is None else where, context.settings.time_zone)
    return _page(context, Selection((*_ROUTABLE, *tagged, *asked.conditions)), after, limit)


def _page(context: Context, selection: Selection, after: object, limit: object) -> dict[str, Any]:
    start, size = read("after", after, _read_start), read("limit", limit, _read_limit)
    with context.database.read() as connection:
        ids = matching_ids(connection, selection, after=start, limit=size + 1)
        tickets = read_tickets(connection, ids[:size], _FIELDS)
    shown = [_shown(context, tickets[ticket_id]) for ticket_id in ids[:size] if ticket_id in tickets]
    return {"tickets": shown, "page": {"after": ids[:size][-1] if ids else None, "more": len(ids) > size}}


def _shown(context: Context, ticket: Ticket) -> dict[str, Any]:
    zone = context.settings.time_zone
    values: dict[str, Any] = {name: ticket.values[name] for name in _FIELDS}
    times = {name: values[name] and format_time(values[name], zone) for name in _TIMES}
    return {"id": ticket.id} | values | times | {"tagIds": sorted(ticket.tags)}


def _read_match(value: object) -> Match:
    if not isinstance(value, str) or value not in set(Match):
        raise Wrong(ErrorCode.INVALID_VALUE, "must be any or all")
    return Match(value)


def _read_start(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise Wrong(ErrorCode.INVALID_VALUE, "must be the id that a page ended with, or 0")
    return value


def _read_limit(value: object) -> int:
    if type(value) is not int or not 0 < value <= MOST:
        raise Wrong(ErrorCode.INVALID_VALUE, f"must be from 1 to {MOST}")
    return value
