"""What an engine makes of the corpus: full refreshes of its tickets by the operations themselves, on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from config.settings import Settings
from tests.evaluation.labelled import Labelled, directory
from worker.ai.protocol import Engine
from worker.context import Context
from worker.domain.entities import Values
from worker.domain.words import RefreshMode
from worker.operations.load import load
from worker.operations.refresh.run import refresh
from worker.operations.refresh_requests import request
from worker.runtime import build
from worker.storage.intents import read_intents
from worker.storage.runs import RequestedBy
from worker.storage.schema import migrate
from worker.storage.tables import OutboxRow
from worker.storage.tickets import lock_tickets, read_tickets

MakeEngine = Callable[[], Engine]

_NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """A ticket after its refresh: its values, the names of its tags, and the data of its intents by agent's code."""

    values: Values
    tags: frozenset[str]
    intents: Mapping[str, Mapping[str, object]]


def answers(
    make: MakeEngine, labelled: Sequence[Labelled], folder: Path, told: Callable[[int], None]
) -> dict[str, Answer]:
    """Refresh every message, with an engine for each task; `told` hears how many more are done.

    Args:
        make: makes what the stages ask.
        labelled: the messages.
        folder: where a database of our own may lie.
        told: called after each chunk.

    Returns:
        The answers by the messages' ids.
    """
    context = _context(make, folder)
    try:
        ids = dict(enumerate(labelled, start=1))
        known = directory()
        load(context, known | {"tickets": [_ticket(number, message) for number, message in ids.items()]})
        for run_ids, message_id in _requested(context, list(ids)):
            refresh(context, run_ids, message_id)
            told(len(run_ids))
        return _read(context, known, ids)
    finally:
        context.database.close()


def _context(make: MakeEngine, folder: Path) -> Context:
    url = SecretStr(f"sqlite:///{folder / 'tickets.db'}")
    context = build(Settings(database_url=url, redis_url=SecretStr("redis://127.0.0.1:1/0"), data_dir=folder))
    migrate(context.database)
    return replace(context, engine=make, clock=lambda: _NOW, send=lambda _messages: None)


def _ticket(number: int, message: Labelled) -> dict[str, Any]:
    came = datetime.combine(message.received, time(9), UTC)
    return {
        "id": number,
        "direction": "in",
        "channel": message.channel,
        "from": message.sender or None,
        "fromName": message.name or None,
        "to": ["service@quellenbach.example"],
        "subject": message.subject,
        "body": message.body,
        "rawData": {"headers": dict(message.headers)},
        "createdAt": came.isoformat(),
    }


def _requested(context: Context, ids: Sequence[int]) -> list[tuple[list[str], str]]:
    with context.database.write() as connection:
        lock_tickets(connection, ids, ())
        by = RequestedBy("command", None)
        sent = request(connection, [(number, RefreshMode.FULL) for number in ids], by, _NOW)
        rows = connection.execute(select(OutboxRow.id, OutboxRow.arguments)).all()
    return [(row.arguments["run_ids"], row.id) for row in rows if row.id in set(sent)]


def _read(context: Context, known: Mapping[str, Any], ids: Mapping[int, Labelled]) -> dict[str, Answer]:
    tag_names = {tag["id"]: tag["name"] for tag in known["tags"]}
    codes = {agent["id"]: agent["code"] for agent in known["aiAgents"]}
    with context.database.read() as connection:
        tickets = read_tickets(connection, list(ids))
        intents = read_intents(connection, list(ids))
    return {
        message.id: Answer(
            values=tickets[number].values,
            tags=frozenset(tag_names[tag] for tag in tickets[number].tags),
            intents={codes[one.intent.agent_id]: one.intent.data for one in intents.get(number, ())},
        )
        for number, message in ids.items()
    }
