"""Choosing tickets by a small list of filters: a value object in, one SQL condition out, pages of ids."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select

from worker.domain.entities import Value
from worker.domain.fields import FIELDS
from worker.storage.tables import RefreshRunRow, TicketRow, TicketTagRow
from worker.storage.tickets import COLUMNS

COMPARED = (
    "id status priority channel direction spamStatus subchannelId customerId contractId languageCode aiSupportLevel"
    " agentId isEscalated"
).split()
"""Fields that are compared with values, by the page's names."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter of `FILTERS` and the stored values that it speaks of, null among them; `negated`: none of these.

    A bound in time has exactly one value and is never negated.
    """

    filter: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """Tickets that meet all conditions; with `touched_since`, only those created or modified since then."""

    conditions: tuple[Condition, ...] = ()
    touched_since: datetime | None = None


Maker = Callable[[Condition], ColumnElement[bool]]


def _column(name: str) -> Any:  # noqa: ANN401 - columns of many types
    return TicketRow.__table__.c[COLUMNS.get(name, name)]


def _compared(condition: Condition) -> ColumnElement[bool]:
    """SQL's own `NOT IN` drops rows with null; here null is a value like any other and is not in a list without it."""
    column = _column(condition.filter)
    if condition.negated and FIELDS[condition.filter].choices:
        return _compared(_said_of_the_others(condition))
    values = [value for value in condition.values if value is not None]
    if condition.negated:
        others = column.not_in(values)
        return and_(column.is_not(None), others) if None in condition.values else or_(column.is_(None), others)
    found: ColumnElement[bool] = column.in_(values)
    return or_(column.is_(None), found) if None in condition.values else found


def _said_of_the_others(condition: Condition) -> Condition:
    """The same condition on a field with few values, not negated: an index finds what is, not what is not."""
    field = FIELDS[condition.filter]
    known = [choice.value for choice in field.choices or ()] + ([None] if field.nullable else [])
    return Condition(condition.filter, tuple(value for value in known if value not in condition.values))


def _tagged(condition: Condition) -> ColumnElement[bool]:
    has_any = exists().where(TicketTagRow.ticket_id == TicketRow.id, TicketTagRow.tag_id.in_(condition.values))
    return ~has_any if condition.negated else has_any


def _bound(name: str, *, after: bool) -> Maker:
    """From a moment on, or before it: two selections that share a moment share no ticket."""
    column = _column(name)
    return lambda condition: column >= condition.values[0] if after else column < condition.values[0]


FILTERS: dict[str, Maker] = {
    **dict.fromkeys(COMPARED, _compared),
    "tagIds": _tagged,
    "createdAfter": _bound("created_at", after=True),
    "createdBefore": _bound("created_at", after=False),
    "modifiedAfter": _bound("modified_at", after=True),
    "modifiedBefore": _bound("modified_at", after=False),
    "dueAfter": _bound("due_by", after=True),
    "dueBefore": _bound("due_by", after=False),
}
"""Every filter there is, and how it becomes SQL."""


def matching_ids(connection: Connection, selection: Selection, *, after: int, limit: int) -> list[int]:
    """The next `limit` matching tickets with an id beyond `after`, in the order of their ids."""
    clauses = [FILTERS[condition.filter](condition) for condition in selection.conditions]
    if selection.touched_since is not None:
        since = selection.touched_since
        clauses.append(or_(TicketRow.created_at >= since, TicketRow.modified_at >= since))
    query = select(TicketRow.id).where(TicketRow.id > after, *clauses).order_by(TicketRow.id).limit(limit)
    return list(connection.scalars(query))


def already_requested(connection: Connection, ids: Collection[int], by: str) -> set[int]:
    """For which of these tickets this very request has written a run before, whatever became of it."""
    query = select(RefreshRunRow.ticket_id).where(RefreshRunRow.ticket_id.in_(ids), RefreshRunRow.requested_by == by)
    return set(connection.scalars(query))
