"""Why an item ended as it did: a sentence for each outcome, error and field left aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy import RowMapping

from worker.domain.words import BatchState, ErrorCode, IgnoredReason, Outcome
from worker.operations.explanation.wording import author, listed, moment, sentence
from worker.operations.ingest.settle import SPAM_REASON
from worker.payload.versions import LastSeen
from worker.storage.batches import Batch
from worker.storage.explanation import Write

OUTCOMES: dict[Outcome, str] = {
    Outcome.UPDATED: "Saved, since {fields} became different.",
    Outcome.UNCHANGED: "Nothing was written and nobody told: the ticket already had every value that could be saved.",
    Outcome.REFRESH_SCHEDULED: "A refresh was asked for; the item itself saves nothing and sends no webhook.",
    Outcome.REFRESH_SKIPPED: "No refresh was asked for, because {reason}.",
    Outcome.REJECTED: "Rejected; nothing of this item was saved.",
    Outcome.CONFLICT: "Nothing of this item was saved, because the ticket had changed since its ifModifiedAt.",
}

SKIPPED: dict[str, str] = {SPAM_REASON: "the ticket was marked as spam"}
"""Why no refresh was asked for."""

IGNORED: dict[IgnoredReason, str] = {
    IgnoredReason.COMPUTED: "Left aside, since the system computes it: {fields}.",
    IgnoredReason.REFRESH_SAVES_NOTHING: "Left aside, since an item that asks for a refresh saves nothing: {fields}.",
    IgnoredReason.REFRESH_MODE_WINS: "Left aside, since refreshMode was given and wins: {fields}.",
    IgnoredReason.MANUAL_SPAM_STATUS_KEPT: (
        "Left aside, since a person had set the spam status and an automatic one never overwrites it: {fields}."
    ),
}

ADVICE: dict[ErrorCode, str] = {
    ErrorCode.NOT_AN_OBJECT: "An item is an object with an id and the fields to change.",
    ErrorCode.MISSING_ID: "Name the ticket by its id.",
    ErrorCode.UNKNOWN_FIELD: "Correct the field's name or leave it out.",
    ErrorCode.INVALID_TYPE: "Send a value of the type that the field has.",
    ErrorCode.INVALID_VALUE: "Send one of the values that the field takes.",
    ErrorCode.NULL_NOT_ALLOWED: "Leave the field out, so that it stays as it is.",
    ErrorCode.TOO_LONG: "Shorten the value.",
    ErrorCode.IMMUTABLE_FIELD: "Leave the field out, or send the value that the ticket has.",
    ErrorCode.CONFLICTING_FIELDS: "Send one of the fields that contradict each other.",
    ErrorCode.PENDING_REQUIRES_FUTURE_DUE_BY: "Send a dueBy in the future along with it.",
    ErrorCode.DUPLICATE_EXTERNAL_TICKET_ID: "Give the external id to one ticket alone.",
    ErrorCode.TICKET_NOT_FOUND: "Load the ticket first, or correct the id.",
    ErrorCode.UNKNOWN_TAG: "Load the tag first, or correct its id.",
    ErrorCode.ABORTED: "The item itself was fine; correct the one that failed and send the batch again.",
    ErrorCode.CONFLICT: "Read the ticket again, and send the item with its new modifiedAt.",
    ErrorCode.CANCELLED: "Retry the batch to send its cancelled items again.",
}
"""What to do about each error that an item may have."""

WAITING: dict[BatchState, str] = {
    BatchState.ACCEPTED: "Not applied yet: the batch waits for a worker.",
    BatchState.RUNNING: "Not applied yet: the batch is at chunk {next} of {chunks}, the item is in chunk {position}.",
    BatchState.PAUSED: "Not applied yet: the batch is paused, and the item is in chunk {position} of {chunks}.",
}
"""Why an item has no outcome, by the state of a batch that has not ended."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Past:
    """What happened around a ticket of a batch.

    `writes` are the ticket's, `children` the batches that try failures of this one again, `indexes` the ticket's items
    of this batch, `last_seen` what those that conflict say of the ticket's `modifiedAt`.
    """

    batch: Batch
    writes: Sequence[Write]
    children: Sequence[str]
    indexes: Sequence[int]
    last_seen: Mapping[int, LastSeen]
    zone: tzinfo

    @property
    def written(self) -> bool:
        """Whether the batch itself changed the ticket, leaving aside its refreshes."""
        return any(one.batch_id == self.batch.id and one.run_id is None for one in self.writes)


def ended_item(row: RowMapping, past: Past) -> Document:
    """An item of the ledger with the reasons for its end. `current` is there for a conflict alone."""
    return {
        "index": row["index"],
        "outcome": row["outcome"],
        "reason": row["reason"],
        "changedFields": row["changed_fields"],
        "ignoredFields": row["ignored_fields"],
        "errors": row["errors"],
        "why": list(_why(row, past)),
    } | ({"current": row["current"]} if row["current"] is not None else {})


def waiting_item(index: int, position: int, past: Past) -> Document:
    """An item that is not applied yet; `position` is its chunk's, from 0."""
    batch = past.batch
    told = WAITING[batch.state].format(position=position + 1, next=batch.next_chunk + 1, chunks=batch.chunks)
    nothing: Document = {"outcome": None, "reason": None, "changedFields": [], "ignoredFields": [], "errors": []}
    return {"index": index, **nothing, "why": [told, *_folded(index, past)]}


def _why(row: RowMapping, past: Past) -> Iterator[str]:
    outcome = Outcome(row["outcome"])
    reason = SKIPPED.get(row["reason"], f"of {row['reason']}")
    yield OUTCOMES[outcome].format(fields=listed(row["changed_fields"]), reason=reason)
    if outcome is Outcome.CONFLICT:
        yield _who_was_first(past.last_seen.get(row["index"]), past)
    for error in row["errors"]:
        yield from _error(error)
    yield from _ignored(row["ignored_fields"])
    if row["deprecations"]:
        yield f"Deprecated, though still understood: {listed(row['deprecations'])}."
    if outcome is Outcome.UPDATED and not past.written:
        yield "The ticket's items took each other's changes back, so that in the end nothing was written."
    if outcome is Outcome.REJECTED and past.children:
        yield f"Batch {listed(past.children)} tries it again."
    yield from _folded(row["index"], past)


def _error(error: Mapping[str, str]) -> Iterator[str]:
    code = ErrorCode(error["code"])
    if code is not ErrorCode.CONFLICT:  # which the outcome has told
        place = f"{error['field']}: " if error["field"] else ""
        yield sentence(f"{place}{error['message']} ({code.value})")
    yield ADVICE[code]


def _ignored(fields: Sequence[Mapping[str, str]]) -> Iterator[str]:
    by_reason: defaultdict[IgnoredReason, list[str]] = defaultdict(list)
    for one in fields:
        by_reason[IgnoredReason(one["reason"])].append(one["field"])
    for reason, names in by_reason.items():
        yield IGNORED[reason].format(fields=listed(names))


def _folded(index: int, past: Past) -> Iterator[str]:
    others = [other for other in past.indexes if other != index]
    if others:
        which = f"item {others[0]} is" if len(others) == 1 else f"items {listed(others)} are"
        yield f"In this batch {which} about this ticket too; all are taken in order and written as one."


def _who_was_first(seen: LastSeen | None, past: Past) -> str:
    """The first write after what the sender had seen: whatever came later, this one made the conflict."""
    first = next((write for write in past.writes if seen is not None and seen.is_stale(write.at)), None)
    if first is None:
        return "The history does not tell who changed it: data was loaded, or an earlier item of the batch was first."
    return sentence(f"{author(first)} changed {listed(first.fields)} at {moment(first.at, past.zone)}")
