"""Reading tickets under lock and writing what changed, with a fixed number of statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Connection, Select, Table, and_, delete, or_, select

from worker.domain.changes import BY_SYSTEM, Actor, TicketChange, work_action
from worker.domain.entities import MANUAL_SPAM_STATUSES, Ticket, Value
from worker.domain.fields import FIELDS, Role
from worker.domain.words import ActorType, TagSource
from worker.storage.bulk import among, among_given, as_parameter, insert_rows, update_rows
from worker.storage.tables import HistoryRow, TicketRow, TicketTagRow, WorklogRow

_TICKET = TicketRow.__table__
assert isinstance(_TICKET, Table)  # noqa: S101 - a plain table
_NOT_MANUAL = or_(
    TicketRow.spam_status.is_(None), and_(*(TicketRow.spam_status != mark.value for mark in MANUAL_SPAM_STATUSES))
)
_SOURCES = {source.value: source for source in TagSource}

_EXTRA = {
    "firstResponseDueByManual": "first_response_due_by_manual",
    "dueByManual": "due_by_manual",
    "customerEvidence": "customer_evidence",
}
# Several fields share the stored cc; the deprecated names of the page tell it.
COLUMNS: dict[str, str] = (
    {
        name: field.column
        for name, field in FIELDS.items()
        if field.column in _TICKET.c and (field.role is not Role.DEPRECATED or name != "replyCcEmails")
    }
    | {"direction": "direction"}
    | _EXTRA
)
"""Column of a stored value by the page's field name."""

DECIDING = frozenset({"status", "spamStatus", "dueBy", "direction", "channel", "subchannelId", "externalTicketId"})
"""Fields that decisions need whatever a patch says."""

FOLLOWING = frozenset(
    {"modifiedAt", "closedAt", "customerLegitimationMessage", "dueByManual", "firstResponseDueByManual"}
)
"""What may follow from a change (`TicketChange.follows`)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a write comes from: who, when, in which batch, or in which run (and its batch) by ticket.

    `unlogged`: batches that keep what is written in their name out of the worklog.
    """

    actor: Actor
    at: datetime
    batch_id: str | None = None
    runs: Mapping[int, tuple[str, str | None]] = field(default_factory=dict)
    unlogged: Collection[str] = frozenset()

    def of(self, ticket_id: int) -> dict[str, str | None]:
        """The batch and the run that a ticket's write belongs to."""
        run_id, batch_id = self.runs.get(ticket_id, (None, self.batch_id))
        return {"batch_id": batch_id, "run_id": run_id}


def lock_tickets(connection: Connection, ids: Collection[int], fields: Iterable[str]) -> dict[int, Ticket]:
    """Read the tickets with these fields and lock them, in the order of their ids, until the transaction ends."""
    return _snapshots(connection, _locking(connection.dialect.name, frozenset(fields)), ids)


def read_tickets(connection: Connection, ids: Collection[int], fields: Iterable[str] = ()) -> dict[int, Ticket]:
    """Read the tickets without a lock; no fields named means all."""
    return _snapshots(connection, _reading(connection.dialect.name, frozenset(fields or COLUMNS)), ids)


@lru_cache(maxsize=256)  # the same few fields come again and again
def _locking(dialect: str, fields: frozenset[str]) -> Select[Any]:
    return _reading(dialect, fields).order_by(TicketRow.id).with_for_update()


@lru_cache(maxsize=256)
def _reading(dialect: str, fields: frozenset[str]) -> Select[Any]:
    names = sorted({*fields, *DECIDING, *FOLLOWING} - {"id"})
    columns = [_TICKET.c[COLUMNS[name]].label(name) for name in names]
    return select(TicketRow.id, TicketRow.version, *columns).where(among_given(dialect, TicketRow.id, "ids"))


def _snapshots(connection: Connection, statement: Select[Any], ids: Collection[int]) -> dict[int, Ticket]:
    if not ids:
        return {}
    rows = connection.execute(statement, {"ids": as_parameter(connection, ids)})
    names = list(rows.keys())[2:]
    found = [(row[0], row[1], dict(zip(names, row[2:], strict=True))) for row in rows.all()]
    tags = tags_of(connection, [ticket_id for ticket_id, _, _ in found])
    return {
        ticket_id: Ticket(ticket_id, version, values, tags.get(ticket_id, {})) for ticket_id, version, values in found
    }


def tags_of(connection: Connection, ids: Collection[int]) -> dict[int, dict[int, TagSource]]:
    """The tags of these tickets with their sources."""
    tags: dict[int, dict[int, TagSource]] = {}
    if not ids:
        return tags
    rows = connection.execute(_tags(connection.dialect.name), {"ids": as_parameter(connection, ids)})
    for ticket_id, tag_id, source in rows.all():
        tags.setdefault(ticket_id, {})[tag_id] = _SOURCES[source]
    return tags


@cache
def _tags(dialect: str) -> Select[int, int, str]:
    row = TicketTagRow
    return select(row.ticket_id, row.tag_id, row.source).where(among_given(dialect, row.ticket_id, "ids"))


def owners_of_external_ids(connection: Connection, external_ids: Collection[str]) -> dict[str, int]:
    """Which ticket holds each of these external ids."""
    if not external_ids:
        return {}
    query = select(TicketRow.external_ticket_id, TicketRow.id)
    held = query.where(among(connection, TicketRow.external_ticket_id, external_ids))
    return {str(external_id): ticket_id for external_id, ticket_id in connection.execute(held)}


def touched_by_people(connection: Connection, versions: Mapping[int, int]) -> dict[int, set[str]]:
    """Which fields of these tickets a person changed after the given version."""
    query = select(HistoryRow.ticket_id, HistoryRow.version, HistoryRow.field).where(
        among(connection, HistoryRow.ticket_id, versions.keys()),
        HistoryRow.version > min(versions.values(), default=0),
        HistoryRow.actor_type == ActorType.USER.value,
    )
    touched: dict[int, set[str]] = {}
    for ticket_id, version, name in connection.execute(query):
        if version > versions[ticket_id]:
            touched.setdefault(ticket_id, set()).add(name)
    return touched


def save_changes(connection: Connection, changes: Sequence[TicketChange], origin: Origin, *, worklog: bool) -> None:
    """Write tickets, tag rows, history and worklog of locked tickets; the number of statements does not grow."""
    if not changes:
        return
    _update_tickets(connection, changes)
    _update_spam(connection, changes, origin)
    _replace_tags(connection, [change for change in changes if change.tags is not None])
    insert_rows(connection, HistoryRow, _history(changes, origin))
    if worklog:
        entries = [_worklog(change, origin) for change in changes]
        insert_rows(connection, WorklogRow, [one for one in entries if one["batch_id"] not in origin.unlogged])


def _update_tickets(connection: Connection, changes: Sequence[TicketChange]) -> None:
    """Set every touched column of every touched ticket; under the lock, what did not change keeps its value."""
    new = [{**change.values, **change.follows} for change in changes]
    touched = sorted({name for values in new for name in values} - {"spamStatus"})
    _free_external_ids(connection, changes)
    rows = [
        {"id": change.ticket.id, "version": change.ticket.version + 1}
        | {COLUMNS[name]: values[name] if name in values else change.ticket.values[name] for name in touched}
        for change, values in zip(changes, new, strict=True)
    ]
    update_rows(connection, TicketRow, rows)


def _free_external_ids(connection: Connection, changes: Sequence[TicketChange]) -> None:
    """Let tickets of one write hand an external id from one to the other: unique at the end, free in between."""
    moves = [change for change in changes if "externalTicketId" in change.values]
    taken = {change.values["externalTicketId"] for change in moves} - {None}
    givers = [change.ticket.id for change in moves if change.ticket.values["externalTicketId"] in taken]
    update_rows(connection, TicketRow, [{"id": ticket_id, "external_ticket_id": None} for ticket_id in givers])


def _update_spam(connection: Connection, changes: Sequence[TicketChange], origin: Origin) -> None:
    marks = [
        {"id": change.ticket.id, "spam_status": change.values["spamStatus"]}
        for change in changes
        if "spamStatus" in change.values
    ]
    by_person = [row for row in marks if _is_personal(row["spam_status"])]
    automatic = [row for row in marks if not _is_personal(row["spam_status"])]
    if origin.actor.type is ActorType.USER:
        # One batch may take a manual mark away and then bring an automatic one: the person's reset goes first.
        reset = {change.ticket.id for change in changes if change.ticket.values["spamStatus"] in MANUAL_SPAM_STATUSES}
        by_person += [{"id": row["id"], "spam_status": None} for row in automatic if row["id"] in reset]
    update_rows(connection, TicketRow, by_person)
    # The rule of contract section 3 stands here, so that no race gets past it.
    update_rows(connection, TicketRow, automatic, only_if=_NOT_MANUAL)


def _is_personal(spam_status: Value) -> bool:
    return spam_status is None or spam_status in MANUAL_SPAM_STATUSES


def _replace_tags(connection: Connection, changes: Sequence[TicketChange]) -> None:
    if not changes:
        return
    ids = [change.ticket.id for change in changes]
    connection.execute(delete(TicketTagRow).where(among(connection, TicketTagRow.ticket_id, ids)))
    rows = [
        {"ticket_id": change.ticket.id, "tag_id": tag_id, "source": source.value}
        for change in changes
        for tag_id, source in (change.tags or {}).items()
    ]
    insert_rows(connection, TicketTagRow, rows)


def _history(changes: Sequence[TicketChange], origin: Origin) -> list[Mapping[str, object]]:
    actor, at = origin.actor, origin.at
    # What follows from a person's change was decided by nobody: refreshes may decide it anew.
    nobody = BY_SYSTEM if actor.type is ActorType.USER else actor
    rows: list[Mapping[str, object]] = []
    for change in changes:
        ticket_id, version = change.ticket.id, change.ticket.version + 1
        place = origin.of(ticket_id)
        rows += [
            {
                "ticket_id": ticket_id,
                "version": version,
                "field": told.field,
                "old": stored(told.old),
                "new": stored(told.new),
                "cause": None if told.cause is None else dict(told.cause),
                "actor_type": (actor if told.cause is None else nobody).type.value,
                "actor_id": (actor if told.cause is None else nobody).id,
                "at": at,
                **place,
            }
            for told in change.fields
        ]
    return rows


def _worklog(change: TicketChange, origin: Origin) -> Mapping[str, object]:
    return {
        "ticket_id": change.ticket.id,
        "action": work_action(change),
        "user_id": origin.actor.id,
        "automatic": origin.actor.type is not ActorType.USER,
        "at": origin.at,
    } | origin.of(change.ticket.id)


def stored(value: Value) -> Value:
    """A value as JSON keeps it: a time becomes ISO 8601 in UTC."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
