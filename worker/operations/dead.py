"""What ended in the dead-letter table: looked at, tried again, dropped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from config.routing import TaskName
from worker.context import Context
from worker.domain.words import DeliveryState
from worker.operations.arguments import read
from worker.operations.execution.again import execute_again
from worker.operations.inspection.unknown import Unknown
from worker.operations.messages import carry
from worker.operations.publish import publish
from worker.operations.refresh_requests import request
from worker.payload.ids import read_id
from worker.payload.times import format_time
from worker.storage.dead import (
    DeadLetter,
    EndedRun,
    dead_letters,
    delivery_states,
    drop_dead_letters,
    ended_runs,
    lock_dead_letters,
    revive_deliveries,
)
from worker.storage.endpoints import switch_on
from worker.storage.runs import Request, RequestedBy
from worker.storage.tickets import lock_tickets

GONE = "subject_is_gone"
"""Why a letter is kept: what it is about is no more, goes already, or, of an intent, was found anew since."""

DISABLED = "endpoint_disabled"
"""Why a letter is kept: the webhook's endpoint is switched off or removed."""

NOT_KEPT = "contents_not_kept"
"""Why a letter is kept: a refused queue entry is not kept with its contents; its sender must send it again."""

RETRIED_BY = "retry"
"""`requested_by` of the runs asked for here."""


def list_dead(context: Context, limit: object = 50) -> list[dict[str, Any]]:
    """The newest dead letters, newest first: `{"id", "kind", "reason", "subject", "task", "detail", "at"}` each.

    Raises:
        RefusedArguments: `limit` is no positive integer.
    """
    most = read("limit", limit, read_id)
    with context.database.read() as connection:
        letters = dead_letters(connection, most)
    zone = context.settings.time_zone
    return [
        {
            "id": letter.id,
            "kind": letter.kind,
            "reason": letter.reason,
            "subject": letter.subject,
            "task": letter.task,
            "detail": letter.detail,
            "at": format_time(letter.created_at, zone),
        }
        for letter in letters
    ]


def retry_dead(context: Context, ids: Collection[int] | None = None) -> dict[str, Any]:
    """Try again what these dead letters, or all, are about.

    Failed runs are asked for anew, endpoints that only failed are switched on, dead deliveries wait again, actions
    that failed are due again.

    Returns:
        `{"retried": [id], "kept": [{"id", "reason"}]}`; kept letters stay in the table.

    Raises:
        Unknown: `dead_letter_not_found`; then nothing is retried.
    """
    now = context.clock()
    messages: list[str] = []

    def work(connection: Connection) -> dict[str, Any]:
        letters = _locked(connection, ids)
        messages[:], revived = _revive(connection, letters, now)
        done = [letter.id for letter in letters if (letter.kind, letter.subject) in revived]
        drop_dead_letters(connection, done)
        left = [letter for letter in letters if (letter.kind, letter.subject) not in revived]
        still = delivery_states(connection, [letter.subject for letter in left if letter.subject])
        return {"retried": done, "kept": [_kept(letter, still) for letter in left]}

    answer = context.database.transact(work)
    publish(context, messages)
    return answer


def drop_dead(context: Context, ids: Collection[int] | None = None) -> dict[str, Any]:
    """Forget these dead letters, or all: `{"dropped": [id]}`.

    Raises:
        Unknown: `dead_letter_not_found`; then nothing is dropped.
    """

    def work(connection: Connection) -> dict[str, Any]:
        dropped = [letter.id for letter in _locked(connection, ids)]
        drop_dead_letters(connection, dropped)
        return {"dropped": dropped}

    return context.database.transact(work)


def _locked(connection: Connection, ids: Collection[int] | None) -> list[DeadLetter]:
    letters = lock_dead_letters(connection, ids)
    if missing := sorted(set(ids or ()) - {letter.id for letter in letters}):
        raise Unknown("dead_letter_not_found", f"there is no dead letter {', '.join(map(str, missing))}")
    return letters


Revived = set[tuple[str, str]]
"""Kinds and subjects of letters whose matter goes again."""


def _revive(connection: Connection, letters: Sequence[DeadLetter], now: datetime) -> tuple[list[str], Revived]:
    """Set what these letters are about going again; the messages to publish, and what goes again."""
    subjects: defaultdict[str, list[str]] = defaultdict(list)
    for letter in letters:
        if letter.subject is not None:
            subjects[letter.kind].append(letter.subject)
    runs = ended_runs(connection, subjects["run"])
    requested = _request_again(connection, runs, now)
    actions = {int(letter.subject): letter.id for letter in letters if letter.kind == "execution" and letter.subject}
    executed, intents = execute_again(connection, actions, now)
    endpoints = switch_on(connection, subjects["endpoint"])
    deliveries = revive_deliveries(connection, subjects["webhook"], now)
    carried = carry(connection, TaskName.DELIVER_WEBHOOKS, "delivery_ids", deliveries, now=now)
    revived = {
        *(("run", run.id) for run in runs),
        *(("execution", str(one)) for one in intents),
        *(("endpoint", one) for one in endpoints),
        *(("webhook", one) for one in deliveries),
    }
    return [*requested, *executed, *carried], revived


def _request_again(connection: Connection, runs: Sequence[EndedRun], now: datetime) -> list[str]:
    """New runs in the name of the same batch, so that the batch is seen to go on."""
    lock_tickets(connection, {run.ticket_id for run in runs}, ())
    wanted: defaultdict[RequestedBy, list[Request]] = defaultdict(list)
    for run in runs:
        wanted[RequestedBy(RETRIED_BY, run.batch_id, force=run.force)].append((run.ticket_id, run.mode))
    return [message for by, requests in wanted.items() for message in request(connection, requests, by, now)]


def _kept(letter: DeadLetter, deliveries: Mapping[str, DeliveryState]) -> dict[str, Any]:
    if letter.kind == "message":
        return {"id": letter.id, "reason": NOT_KEPT}
    dead = letter.subject is not None and deliveries.get(letter.subject) is DeliveryState.DEAD
    return {"id": letter.id, "reason": DISABLED if dead else GONE}
