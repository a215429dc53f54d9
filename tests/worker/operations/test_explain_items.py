"""Why an item of a batch ended as it did, in sentences, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.worker.operations.conftest import Add, World
from worker.domain.words import ENDED_BATCH, BatchState, ErrorCode, IgnoredReason, Outcome
from worker.operations.arguments import RefusedArguments
from worker.operations.control import cancel, pause
from worker.operations.explanation.explain import explain
from worker.operations.explanation.items import ADVICE, IGNORED, OUTCOMES, SKIPPED, WAITING
from worker.operations.explanation.wording import listed
from worker.operations.ingest.accept import Flags, accept, batch_id_of
from worker.operations.ingest.chunk import apply_next_chunk
from worker.operations.ingest.settle import SPAM_REASON
from worker.operations.inspection.unknown import Unknown
from worker.operations.retry_failed import retry_failed

OF_A_BATCH = frozenset(
    {
        ErrorCode.NOT_A_LIST,
        ErrorCode.BATCH_TOO_LARGE,
        ErrorCode.INVALID_JSON,
        ErrorCode.IDEMPOTENCY_KEY_REUSED,
        ErrorCode.BATCH_ENDED,
        ErrorCode.BATCH_NOT_ENDED,
    }
)


def only_item(world: World, batch_id: str, ticket_id: int = 1) -> dict[str, Any]:
    item: dict[str, Any]
    (item,) = explain(world.context, batch_id, ticket_id)["items"]
    return item


def why(world: World, batch_id: str, ticket_id: int = 1) -> list[str]:
    """The sentences about the only item of a ticket."""
    sentences: list[str] = only_item(world, batch_id, ticket_id)["why"]
    return sentences


def accepted(world: World, *items: object) -> str:
    """A batch with an item a chunk, of which none is applied."""
    world.with_settings(chunk_size=1)
    return accept(world.context, items, Flags(idempotency_key="key")).id


def test_every_outcome_has_its_sentence() -> None:
    assert OUTCOMES.keys() == {*Outcome}


def test_every_reason_for_leaving_a_field_aside_has_its_sentence() -> None:
    assert IGNORED.keys() == {*IgnoredReason}


def test_every_error_of_an_item_has_its_advice() -> None:
    assert ADVICE.keys() == {*ErrorCode} - OF_A_BATCH


def test_every_state_in_which_items_wait_has_its_sentence() -> None:
    assert WAITING.keys() == {*BatchState} - ENDED_BATCH


def test_every_reason_for_skipping_a_refresh_has_its_words() -> None:
    assert SKIPPED.keys() == {SPAM_REASON}


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], "nothing"),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdefgh"), "a, b, c, d, e, f and 2 more"),
    ],
)
def test_names_are_listed_as_people_do(names: list[str], told: str) -> None:
    assert listed(names) == told


def test_an_explanation_names_batch_ticket_and_state(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = world.patch({"id": 1, "status": "closed"})["batchId"]

    told = explain(world.context, batch_id, "1")

    assert list(told) == ["success", "batchId", "ticketId", "state", "items", "refreshes", "webhooks"]
    assert (told["success"], told["batchId"], told["ticketId"], told["state"]) == (True, batch_id, 1, "done")
    names = ["index", "outcome", "reason", "changedFields", "ignoredFields", "errors", "why"]
    assert list(told["items"][0]) == names


def test_what_was_saved_is_told_by_its_fields(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = world.patch({"id": 1, "status": "closed", "priority": "high"})["batchId"]

    assert why(world, batch_id) == ["Saved, since status and priority became different."]


def test_an_unchanged_ticket_had_the_values_already(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = world.patch({"id": 1, "status": "open"})["batchId"]

    assert why(world, batch_id) == [
        "Nothing was written and nobody told: the ticket already had every value that could be saved."
    ]


def test_fields_left_aside_are_told_with_the_reason(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    add_tickets(2, spam_status="manual_spam")
    batch_id = world.patch(
        {"id": 1, "refreshMode": "tags", "refresh": True, "status": "closed", "workitem": {}, "agent": None},
        {"id": 2, "spamStatus": "auto_clean", "priority": "high"},
    )["batchId"]

    assert why(world, batch_id)[0] == ("A refresh was asked for; the item itself saves nothing and sends no webhook.")
    assert set(why(world, batch_id)[1:]) == {
        "Left aside, since refreshMode was given and wins: refresh.",
        "Left aside, since an item that asks for a refresh saves nothing: status.",
        "Left aside, since the system computes it: workitem and agent.",
        "Deprecated, though still understood: refresh.",
    }
    assert why(world, batch_id, 2) == [
        "Saved, since priority became different.",
        "Left aside, since a person had set the spam status and an automatic one never overwrites it: spamStatus.",
    ]


def test_deprecated_names_are_told(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = world.patch({"id": 1, "ccEmails": []})["batchId"]

    assert "Deprecated, though still understood: ccEmails." in why(world, batch_id)


def test_spam_is_why_no_refresh_was_asked_for(world: World, add_tickets: Add) -> None:
    add_tickets(1, spam_status="auto_spam")
    batch_id = world.patch({"id": 1, "refreshMode": "tags"})["batchId"]

    assert why(world, batch_id) == ["No refresh was asked for, because the ticket was marked as spam."]


def test_a_rejected_item_is_told_with_every_error_and_what_to_do(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = world.patch({"id": 1, "addTagIds": [9], "status": "pending"})["batchId"]

    assert why(world, batch_id) == [
        "Rejected; nothing of this item was saved.",
        "addTagIds[0]: there is no such tag (unknown_tag).",
        "Load the tag first, or correct its id.",
        "status: a pending ticket needs a dueBy in the future (pending_requires_future_due_by).",
        "Send a dueBy in the future along with it.",
    ]


def test_an_aborted_item_is_told_not_to_be_the_culprit(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = world.patch({"id": 1, "status": "closed"}, {"id": 7}, atomic=True)["batchId"]

    assert why(world, batch_id)[1:] == [
        "Another item of this all-or-nothing batch failed (aborted).",
        "The item itself was fine; correct the one that failed and send the batch again.",
    ]


def test_a_rejected_item_that_a_child_tried_again_names_the_child(world: World) -> None:
    batch_id = world.patch({"id": 1, "status": "closed"})["batchId"]
    child = retry_failed(world.context, batch_id)["batchId"]

    assert why(world, batch_id)[-1] == f"Batch {child} tries it again."


def test_a_conflict_is_told_with_who_changed_what_and_when(world: World, add_tickets: Add) -> None:
    add_tickets(1, modified_at=world.now)
    world.pass_time(minutes=1)
    first = world.patch({"id": 1, "priority": "high", "agentId": 5}, user_id=7)["batchId"]
    world.pass_time(minutes=1)
    world.patch({"id": 1, "status": "closed"}, user_id=8)
    item = {"id": 1, "priority": "low", "ifModifiedAt": "2026-11-23 12:00:00"}

    batch_id = world.patch(item, user_id=9)["batchId"]

    assert why(world, batch_id) == [
        "Nothing of this item was saved, because the ticket had changed since its ifModifiedAt.",
        f"User 7 in batch {first} changed agentId and priority at 2026-11-23 12:01:00.",
        "Read the ticket again, and send the item with its new modifiedAt.",
    ]
    assert only_item(world, batch_id)["current"] == {"priority": "high"}


def test_a_conflict_that_the_history_knows_nothing_of_says_so(world: World, add_tickets: Add) -> None:
    add_tickets(1, modified_at=world.now)
    item = {"id": 1, "priority": "low", "ifModifiedAt": "2026-11-01 12:00:00"}

    batch_id = world.patch(item)["batchId"]

    assert why(world, batch_id)[1].startswith("The history does not tell who changed it")


def test_items_of_one_ticket_name_each_other(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2)
    batch_id = world.patch(
        {"id": 1, "status": "closed"}, {"id": 2, "status": "closed"}, {"id": 1, "priority": "high"}, {"id": 1}
    )["batchId"]

    items = explain(world.context, batch_id, 1)["items"]

    assert [item["index"] for item in items] == [0, 2, 3]
    assert [item["why"][-1] for item in items] == [
        "In this batch items 2 and 3 are about this ticket too; all are taken in order and written as one.",
        "In this batch items 0 and 3 are about this ticket too; all are taken in order and written as one.",
        "In this batch items 0 and 2 are about this ticket too; all are taken in order and written as one.",
    ]


def test_items_that_take_each_other_back_are_told_to_have_written_nothing(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = world.patch({"id": 1, "priority": "high"}, {"id": 1, "priority": "medium"})["batchId"]

    told = explain(world.context, batch_id, 1)

    assert {item["outcome"] for item in told["items"]} == {"updated"}
    sentence = "The ticket's items took each other's changes back, so that in the end nothing was written."
    assert all(sentence in item["why"] for item in told["items"])
    assert told["webhooks"] == []


def test_an_item_that_is_not_applied_yet_says_what_it_waits_for(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2, 3)
    batch_id = accepted(world, *({"id": one, "status": "closed"} for one in (1, 2, 3)))
    waiting = only_item(world, batch_id, 3)
    assert (waiting["index"], waiting["outcome"], waiting["changedFields"]) == (2, None, [])
    assert waiting["why"] == ["Not applied yet: the batch waits for a worker."]

    apply_next_chunk(world.context, batch_id)
    assert why(world, batch_id, 3) == ["Not applied yet: the batch is at chunk 2 of 3, the item is in chunk 3."]
    assert only_item(world, batch_id, 1)["outcome"] == "updated"

    pause(world.context, batch_id)
    assert why(world, batch_id, 3) == ["Not applied yet: the batch is paused, and the item is in chunk 3 of 3."]


def test_a_cancelled_item_is_told_to_have_been_cancelled(world: World, add_tickets: Add) -> None:
    add_tickets(1)
    batch_id = accepted(world, {"id": 1, "status": "closed"})
    cancel(world.context, batch_id)

    assert why(world, batch_id) == [
        "Rejected; nothing of this item was saved.",
        "The batch was cancelled before this item was applied (cancelled).",
        "Retry the batch to send its cancelled items again.",
    ]


def test_what_people_wrote_is_in_no_sentence_and_told_by_its_size_where_many_can_read_it(
    world: World, add_tickets: Add
) -> None:
    add_tickets(1, modified_at=world.now, subject="Meine IBAN DE89370400440532013000")
    item = {"id": 1, "subject": "geheim", "ifModifiedAt": "2026-11-01 12:00:00"}
    batch_id = world.patch(item, {"id": 1, "subject": "vertraulich", "priority": "high"})["batchId"]

    (conflict, saved) = explain(world.context, batch_id, 1, contents=False)["items"]

    assert conflict["current"] == {"subject": {"characters": 33}}
    assert "current" not in saved
    assert not any(word in str((conflict, saved)) for word in ("DE89", "geheim", "vertraulich"))
    assert explain(world.context, batch_id, 1)["items"][0]["current"]["subject"].endswith("DE89370400440532013000")


@pytest.mark.parametrize("ended", [True, False])
def test_a_ticket_that_no_item_is_about_is_said_to_be_unknown(world: World, *, ended: bool) -> None:
    batch_id = world.patch({"id": 1})["batchId"] if ended else accepted(world, {"id": 1})

    with pytest.raises(Unknown, match="no item of the batch") as caught:
        explain(world.context, batch_id, 2)

    assert caught.value.code == "ticket_not_found"


def test_an_unknown_batch_is_said_to_be_unknown(world: World) -> None:
    with pytest.raises(Unknown) as caught:
        explain(world.context, batch_id_of("nobody"), 1)

    assert caught.value.code == "batch_not_found"


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("batch_id", "ticket_id", "told"), [(7, 1, "invalid_type: batch_id"), ("b", "one", "invalid_type: ticket_id")]
)
def test_what_is_no_id_is_refused(world: World, batch_id: object, ticket_id: object, told: str) -> None:
    with pytest.raises(RefusedArguments, match=told):
        explain(world.context, batch_id, ticket_id)
