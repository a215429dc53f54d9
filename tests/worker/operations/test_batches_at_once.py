"""Many batches on the same tickets at the same time: as if one came after the other, in some order."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from tests.worker.operations.conftest import START, Add, World
from worker.storage.tables import BatchItemRow, BatchRow, EventRow, HistoryRow, OutboxRow, TicketRow, TicketTagRow

Item = dict[str, Any]
AddTags = Callable[..., None]

TICKETS = range(1, 25)


def send_at_once(world: World, batches: Sequence[Sequence[Item]]) -> list[dict[str, Any]]:
    """Every batch in a thread of its own, all let go together; their answers. What a thread raises, the test raises."""
    answers: list[dict[str, Any]] = []
    raised: list[BaseException] = []
    ready = threading.Barrier(len(batches))

    def send(items: Sequence[Item]) -> None:
        try:
            ready.wait()
            answers.append(world.patch(*items))
        except BaseException as error:  # noqa: BLE001 - told by the test
            raised.append(error)

    threads = [threading.Thread(target=send, args=(items,)) for items in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []
    return answers


def shuffled(seed: int, items: Sequence[Item]) -> list[Item]:
    return random.Random(seed).sample(items, len(items))  # noqa: S311 - an order


def test_no_change_and_no_tag_operation_is_lost(world: World, add_tickets: Add, add_tags: AddTags) -> None:
    """Each of the batches changes a field of its own, adds a tag of its own and removes another, in its own order."""
    world.with_settings(chunk_size=5)
    fields: list[tuple[str, str, Any]] = [
        ("priority", "priority", "low"),
        ("subject", "subject", "neu"),
        ("partnerId", "partner_id", 7),
        ("sentiment", "sentiment", "neutral"),
        ("isEscalated", "is_escalated", True),
        ("customerLegitimation", "customer_legitimation", 30),
    ]
    own, doomed = range(1, 7), range(11, 17)
    add_tags(*own, *doomed)
    add_tickets(*TICKETS, tags=dict.fromkeys(doomed, "ai"))

    answers = send_at_once(
        world,
        [
            shuffled(
                add,
                [{"id": one, name: value, "addTagIds": [add], "removeTagIds": [remove]} for one in TICKETS],
            )
            for (name, _, value), add, remove in zip(fields, own, doomed, strict=True)
        ],
    )

    assert [answer["counts"]["updated"] for answer in answers] == [len(TICKETS)] * len(fields)
    for row in world.rows(TicketRow):
        assert {column: row[column] for _, column, _ in fields} == {column: value for _, column, value in fields}
        assert row["version"] == len(fields)
    tags = {(row["ticket_id"], row["tag_id"], row["source"]) for row in world.rows(TicketTagRow)}
    assert tags == {(one, tag, "manual") for one in TICKETS for tag in own}
    assert Counter(row["field"] for row in world.rows(HistoryRow)) == {
        name: len(TICKETS) * times for name, times in [("tagIds", len(fields)), *((name, 1) for name, _, _ in fields)]
    }
    assert len(world.rows(EventRow)) == len(TICKETS) * len(fields)
    assert world.rows(OutboxRow) == []


def test_the_history_of_a_contested_field_is_one_unbroken_line(world: World, add_tickets: Add) -> None:
    world.with_settings(chunk_size=4)
    add_tickets(*TICKETS, partner_id=1)
    batches = [
        shuffled(value, [{"id": one, "partnerId": partner} for one in TICKETS for partner in (value, 100 + value)])
        for value in range(2, 8)
    ]

    send_at_once(world, batches)

    line: defaultdict[int, list[tuple[object, object]]] = defaultdict(list)
    for row in sorted(world.rows(HistoryRow), key=lambda row: row["version"]):
        line[row["ticket_id"]].append((row["old"], row["new"]))
    now = {row["id"]: row["partner_id"] for row in world.rows(TicketRow)}
    for ticket_id in TICKETS:
        olds, news = zip(*line[ticket_id], strict=True)
        assert (olds, news[-1]) == ((1, *news[:-1]), now[ticket_id])
        assert len(line[ticket_id]) == len(batches)


def test_an_external_id_that_many_want_goes_to_one(world: World, add_tickets: Add) -> None:
    world.with_settings(chunk_size=3)
    add_tickets(*TICKETS)
    names = [f"E-{number}" for number in range(8)]
    batches = [
        [{"id": one, "externalTicketId": name} for one, name in zip(shuffled_ids(seed), names, strict=False)]
        for seed in range(6)
    ]

    answers = send_at_once(world, batches)

    owners = Counter(row["external_ticket_id"] for row in world.rows(TicketRow) if row["external_ticket_id"])
    assert set(owners.values()) == {1}
    assert [sum(answer["counts"].values()) for answer in answers] == [2 * len(names)] * len(batches)
    refused = [row for row in world.rows(BatchItemRow) if row["outcome"] == "rejected"]
    assert {row["errors"][0]["code"] for row in refused} == {"duplicate_external_ticket_id"}


def shuffled_ids(seed: int) -> list[int]:
    return random.Random(seed).sample(TICKETS, len(TICKETS))  # noqa: S311 - an order


def test_of_many_who_saw_the_same_version_one_wins_and_the_others_learn_of_it(world: World, add_tickets: Add) -> None:
    world.with_settings(chunk_size=5)
    add_tickets(*TICKETS, modified_at=START.replace(hour=10))
    seen = "2026-11-23 10:00:00"

    answers = send_at_once(
        world,
        [
            shuffled(value, [{"id": one, "ifModifiedAt": seen, "partnerId": value} for one in TICKETS])
            for value in range(1, 7)
        ],
    )

    assert sum(answer["counts"]["updated"] for answer in answers) == len(TICKETS)
    assert sum(answer["counts"].get("conflict", 0) for answer in answers) == len(TICKETS) * 5
    now = {row["id"]: row["partner_id"] for row in world.rows(TicketRow)}
    for row in world.rows(BatchItemRow):
        expected = None if row["outcome"] == "updated" else {"partnerId": now[row["ticket_id"]]}
        assert row["current"] == expected
    assert {row["state"] for row in world.rows(BatchRow)} == {"done"}
