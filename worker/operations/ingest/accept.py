"""The inbox: a batch is written down once under its key, before anything of it is applied."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from config.routing import TaskName
from worker.context import Context
from worker.domain.words import ENDED_BATCH, BatchState, ErrorCode, Lane, MessageState
from worker.payload.batch import batch_digest, check_batch, ticket_id_of
from worker.payload.refusal import Refused
from worker.storage.batches import Batch, IndexedItem, add_batch, find_batch, new_batch
from worker.storage.outbox import add_message

_NAMESPACE = uuid.UUID("6f1b8f3a-0f6e-4c38-9d0c-2b9a5c1f7e11")

INTERACTIVE_ITEMS = 100
"""Up to this size a batch is taken for somebody's click, unless the sender says otherwise."""


@dataclass(frozen=True, slots=True)
class Flags:
    """What a sender says of a whole batch."""

    include_in_worklog: bool = True
    idempotency_key: str | None = None
    atomic: bool = False
    dry_run: bool = False
    user_id: int | None = None
    source: str | None = None
    priority: str | None = None


def batch_id_of(key: str) -> str:
    """The id of the batch with this idempotency key: every sender and every worker finds the same one."""
    return str(uuid.uuid5(_NAMESPACE, key))


def check(context: Context, payload: object, flags: Flags) -> list[object]:
    """The items of a batch that may be accepted.

    Raises:
        Refused: the batch as a whole is wrong: `not_a_list`, `batch_too_large`, `invalid_json`, or a flag is.
    """
    _check_flags(flags)
    settings = context.settings
    limit = min(settings.max_batch_items, settings.atomic_limit) if flags.atomic else settings.max_batch_items
    return check_batch(payload, limit)


def accept(
    context: Context,
    items: Sequence[object],
    flags: Flags,
    *,
    message_id: str | None = None,
    start_at: datetime | None = None,
    parent_id: str | None = None,
    apply: Callable[[Connection, Batch], Batch] | None = None,
) -> Batch:
    """Write a checked batch down, or find the one that its key already stands for.

    Args:
        context: the outside.
        items: what `check` has let through.
        flags: with a key.
        message_id: the task's that brought the batch; the batch's result is to be stored under it.
        start_at: when a worker is sent for it; by default so late that the caller, who applies it, should have ended.
        parent_id: the batch whose failed items these are.
        apply: applies all of a new batch in the same transaction, before it is written down, and gives its head; then
            nobody has to go on with it.

    Raises:
        Refused: `idempotency_key_reused`: the key stands for another body or other flags.
    """
    key = flags.idempotency_key
    assert key is not None  # noqa: S101 - the caller falls back to the task id
    size = max(len(items), 1) if flags.atomic else context.settings.chunk_size
    chunks = split(items, size)
    new = new_batch(_head(context, key, items, flags) | {"parent_id": parent_id}, len(chunks))
    later = new.created_at + context.settings.resend_after

    def write(connection: Connection) -> Batch:
        # Locked, so that a batch in its last chunk is seen to end, or sees who waits for that.
        batch = find_batch(connection, key=key, lock=message_id is not None)
        if batch is None:
            batch = new
            if apply is not None:
                batch = apply(connection, new)
            else:
                state = MessageState.SENT if start_at is None else MessageState.READY
                _keep_alive(connection, new, message_id or new.id, start_at or later, state)
            add_batch(connection, batch, chunks)
        elif message_id is not None and batch.digest == new.digest and batch.state not in ENDED_BATCH:
            _keep_alive(connection, new, message_id, later, MessageState.POSTPONED)
        return batch

    batch = context.database.transact(write)
    if batch.digest != new.digest:
        raise Refused(
            ErrorCode.IDEMPOTENCY_KEY_REUSED, "this idempotency key was used with another body or other flags"
        )
    return batch


def _head(context: Context, key: str, items: Sequence[object], flags: Flags) -> dict[str, Any]:
    return {
        "id": batch_id_of(key),
        "key": key,
        "digest": digest_of(items, flags),
        "state": BatchState.ACCEPTED,
        "source": flags.source,
        "user_id": flags.user_id,
        "lane": lane_of(items, flags),
        "include_in_worklog": flags.include_in_worklog,
        "atomic": flags.atomic,
        "received": len(items),
        "created_at": context.clock(),
    }


def lane_of(items: Sequence[object], flags: Flags) -> Lane:
    """Whether somebody waits for the batch: by its sender's word, else by its size."""
    by_size = Lane.INTERACTIVE if len(items) <= INTERACTIVE_ITEMS else Lane.BULK
    return by_size if flags.priority is None else Lane(flags.priority)


def _keep_alive(connection: Connection, batch: Batch, message_id: str, due_at: datetime, state: MessageState) -> None:
    """Whoever brought the batch may die: then the sweep has somebody go on where it stopped.

    `postponed`: another message applies the batch, this one waits for the result and is woken by the last chunk.
    """
    add_message(
        connection,
        message_id,
        TaskName.RESUME_BATCH,
        {"batch_id": batch.id},
        batch_id=batch.id,
        lane=batch.lane,
        state=state,
        now=batch.created_at,
        due_at=due_at,
    )


def split(items: Sequence[object], size: int) -> list[list[IndexedItem]]:
    """Chunks of at least `size` items in which all items of one ticket stand together, in order.

    One ticket is then written once and told of once, whatever its batch holds (contract section 1). Only external ids
    pass from ticket to ticket, and of those the chunks keep the order, too.
    """
    numbers = _chunk_numbers(items, size)
    merged = _in_order_of_moves(items, numbers)
    chunks: list[list[IndexedItem]] = [[] for _ in range(merged[-1] + 1)]
    for index, (item, number) in enumerate(zip(items, numbers, strict=True)):
        chunks[merged[number]].append((index, item))
    return chunks


def _chunk_numbers(items: Sequence[object], size: int) -> list[int]:
    """For each item its ticket's chunk, or the last one, which others follow when it is full."""
    numbers: list[int] = []
    number_of: dict[int, int] = {}
    lengths = [0]
    for item in items:
        ticket_id = ticket_id_of(item)
        number = number_of.get(ticket_id) if ticket_id is not None else None
        if number is None:
            if lengths[-1] >= size:
                lengths.append(0)
            number = len(lengths) - 1
        if ticket_id is not None:
            number_of[ticket_id] = number
        lengths[number] += 1
        numbers.append(number)
    return numbers


def _in_order_of_moves(items: Sequence[object], numbers: Sequence[int]) -> list[int]:
    """New numbers for chunks: those become one between which an external id would be moved before its turn."""
    reach = list(range(max(numbers, default=0) + 1))
    furthest = 0
    for item, number in zip(items, numbers, strict=True):
        if isinstance(item, dict) and "externalTicketId" in item:
            reach[number] = max(reach[number], furthest)
            furthest = max(furthest, number)
    merged: list[int] = []
    end = -1
    for number, last in enumerate(reach):
        merged.append(0 if not merged else merged[-1] + (number > end))
        end = max(end, last)
    return merged


def with_key(flags: Flags, task_id: str) -> Flags:
    """The flags with the task id as key where the sender gave none (contract section 1)."""
    return flags if flags.idempotency_key is not None else replace(flags, idempotency_key=task_id)


def digest_of(items: Sequence[object], flags: Flags) -> str:
    """What tells a batch from another under the same key: its items and flags, not who sends it or how urgently."""
    compared = {"include_in_worklog": flags.include_in_worklog, "atomic": flags.atomic, "user_id": flags.user_id}
    return batch_digest(items, compared)


_TYPES: dict[str, type | tuple[type, ...]] = {
    "include_in_worklog": bool,
    "idempotency_key": (str, type(None)),
    "atomic": bool,
    "dry_run": bool,
    "user_id": (int, type(None)),
    "source": (str, type(None)),
    "priority": (str, type(None)),
}
_LONGEST = 255
_GREATEST = 2**63 - 1


def _check_flags(flags: Flags) -> None:
    for name, allowed in _TYPES.items():
        value = getattr(flags, name)
        if not isinstance(value, allowed) or (isinstance(value, bool) and allowed is not bool):
            raise Refused(ErrorCode.INVALID_TYPE, f"{name} has the wrong type")
        if isinstance(value, str) and not _is_name(value):
            raise Refused(ErrorCode.INVALID_VALUE, f"{name} must be 1 to {_LONGEST} printable characters")
    if flags.user_id is not None and not 0 < flags.user_id <= _GREATEST:
        raise Refused(ErrorCode.INVALID_VALUE, "user_id must be a positive integer")
    if flags.priority is not None and flags.priority not in set(Lane):
        raise Refused(ErrorCode.INVALID_VALUE, "priority must be interactive or bulk")


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text.isprintable()
