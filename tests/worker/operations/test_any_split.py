"""How a sender cuts its patches into batches, and we those into chunks, makes no difference to what is stored."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from tests.worker.operations.conftest import START, Add, World
from worker.storage.tables import Base, BatchItemRow, HistoryRow, RefreshRunRow, TicketRow, TicketTagRow
from worker.storage.tickets import COLUMNS, FOLLOWING, stored

Item = dict[str, Any]
AddTags = Callable[..., None]

TICKETS = (1, 2, 3)
SPAM_TAG = 4
EXAMPLES = {"sqlite": 50, "postgresql": 20}

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from(["open", "pending", "closed"]),
    "dueBy": st.sampled_from([None, "2026-11-01 10:00:00", "2026-12-01 10:00:00", "2026-12-02 10:00:00"]),
    "priority": st.sampled_from(["low", "low", "medium", "high", "wrong"]),
    "spamStatus": st.sampled_from(
        [None, "auto_spam", "auto_clean", "auto_programmatic", "manual_spam", "manual_clean"]
    ),
    "customerLegitimation": st.sampled_from([0, 12, 30]),
    "ccEmails": st.sampled_from([[], ["a@example.com"]]),
    "replyCcEmails": st.sampled_from([[], ["b@example.com"]]),
    "channel": st.sampled_from(["email", "system"]),
    "from": st.sampled_from([None, "a@example.com"]),
    "direction": st.sampled_from(["in", "out"]),
}
TAG_IDS = st.lists(st.integers(1, 6), max_size=2, unique=True)  # 6 does not exist, 5 is the default
TAGS: st.SearchStrategy[dict[str, Any]] = (
    st.just({})
    | st.fixed_dictionaries({"tagIds": TAG_IDS})
    | st.fixed_dictionaries({}, optional={"addTagIds": TAG_IDS, "removeTagIds": TAG_IDS})
)
VERSIONS = st.sampled_from(
    [{}, *({"ifModifiedAt": one} for one in (None, "2026-11-22 12:00:00", "2026-11-23 12:00:00"))]
)
OWNED = st.sampled_from([{}, *({"externalTicketId": one} for one in (None, "A", "B", "C"))])
REFRESHES = st.sampled_from(["full", "tags", "agents"]).map(lambda mode: {"refreshMode": mode})
IDS = st.sampled_from([*TICKETS, *TICKETS, *TICKETS, 99])
ASKED = st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: FIELDS[name] for name in names})
)
ITEMS = st.builds(
    lambda one, *parts: {"id": one} | {k: v for part in parts for k, v in part.items()},
    IDS,
    ASKED,
    TAGS,
    OWNED,
    VERSIONS,
)
REFRESHING = st.builds(lambda one, mode: {"id": one} | mode, IDS, REFRESHES)


@dataclass(frozen=True)
class Sent:
    """The patches of one sender, where it cuts them, and the least size of our chunks."""

    items: list[Item]
    cuts: frozenset[int]
    chunk_size: int

    def batches(self) -> list[list[Item]]:
        edges = [0, *sorted(cut for cut in self.cuts if 0 < cut < len(self.items)), len(self.items)]
        return [self.items[begin:end] for begin, end in pairwise(edges)]


HANDING = st.builds(lambda one, owned: {"id": one, "sentiment": "neutral"} | owned, st.sampled_from(TICKETS), OWNED)
SENT = st.builds(
    Sent,
    st.lists(st.one_of(ITEMS, ITEMS, ITEMS, REFRESHING), min_size=5, max_size=9)
    | st.lists(HANDING, min_size=3, max_size=7),
    st.frozensets(st.integers(1, 8), max_size=1),
    st.integers(1, 3),
)

FREED_FIRST: list[Item] = [
    {"id": 2, "priority": "low"},
    {"id": 1, "externalTicketId": None},
    {"id": 2, "externalTicketId": "A"},
]
"""An external id is given up by a ticket and taken by another, of which the batch spoke before."""

FREED_LATER: list[Item] = [
    {"id": 1, "priority": "low"},
    {"id": 2, "externalTicketId": "A"},
    {"id": 1, "externalTicketId": "C"},
]
"""An external id is asked for too early: of the ticket that gives it up, the batch spoke before, and does so after."""


@pytest.fixture
def begin(world: World, add_tickets: Add, add_tags: AddTags) -> Callable[[], None]:
    """Puts the world back to where every example begins."""

    def again() -> None:
        with world.context.database.write() as connection:
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(delete(table))
        world.sent.clear()
        add_tags(2, SPAM_TAG, 5, t1={"sla": 400, "priority": "high"}, t3={"sla": 200, "firstResponseSla": 2})
        before = START - timedelta(days=1)
        add_tickets(1, external_ticket_id="A", tags={1: "ai", 2: "rule"}, customer_legitimation=12)
        add_tickets(
            2, status="closed", closed_at=before, modified_at=before, spam_status="manual_clean", tags={5: "default"}
        )
        add_tickets(3, external_ticket_id="B", status="pending", due_by=START + timedelta(days=8), channel="system")

    return again


@dataclass(frozen=True)
class Ended:
    """What a run leaves: rows by ticket, requested refreshes, how items ended, and what went there and back."""

    tickets: dict[int, dict[str, Any]]
    tags: list[dict[str, Any]]
    runs: Counter[tuple[Any, ...]]
    items: list[dict[str, Any]]
    returned: dict[int, set[str]]


def apply(world: World, batches: Sequence[Sequence[Item]]) -> Ended:
    """Sends the batches one after the other."""
    items: list[dict[str, Any]] = []
    returned: defaultdict[int, set[str]] = defaultdict(set)
    for batch in batches:
        batch_id = world.patch(*batch)["batchId"]
        ledger = [row for row in world.rows(BatchItemRow) if row.pop("batch_id") == batch_id]
        history = world.rows(HistoryRow)
        for row in ledger:
            written = {
                one["field"] for one in history if (one["batch_id"], one["ticket_id"]) == (batch_id, row["ticket_id"])
            }
            returned[row["ticket_id"]] |= {STORED_AS.get(name, name) for name in row["changed_fields"]} - written
        items += [{name: row[name] for name in row if name != "index"} for row in ledger]
    return Ended(
        tickets={row["id"]: row for row in world.rows(TicketRow)},
        tags=world.rows(TicketTagRow),
        runs=Counter((run["ticket_id"], run["mode"], run["state"]) for run in world.rows(RefreshRunRow)),
        items=items,
        returned={ticket_id: names for ticket_id, names in returned.items() if names},
    )


STORED_AS = {"addTagIds": "tagIds", "removeTagIds": "tagIds", "replyCcEmails": "ccEmails"}


def _comparable(ended: Ended, returned: dict[int, set[str]]) -> dict[int, dict[str, Any]]:
    """A batch in which a field goes there and back writes no change of it (section 2), so nothing follows from it."""
    following = {COLUMNS[name] for name in FOLLOWING}
    return {
        ticket_id: {
            name: row[name] for name in row if name != "version" and not (ticket_id in returned and name in following)
        }
        for ticket_id, row in ended.tickets.items()
    }


def _history_agrees(world: World, before: Ended, after: Ended) -> None:
    """The first old and the last new value of each field lead from the state before to the state after."""
    history: defaultdict[int, dict[str, tuple[object, object]]] = defaultdict(dict)
    for row in world.rows(HistoryRow):
        old, _ = history[row["ticket_id"]].get(row["field"], (row["old"], None))
        history[row["ticket_id"]][row["field"]] = (old, row["new"])
    for ticket_id in TICKETS:
        told = {name: ends for name, ends in history[ticket_id].items() if ends[0] != ends[1]}
        was, now = _by_field(before, ticket_id), _by_field(after, ticket_id)
        assert told == {name: (was[name], now[name]) for name in now if was[name] != now[name]}


def _by_field(ended: Ended, ticket_id: int) -> dict[str, object]:
    names = COLUMNS.keys() - FOLLOWING - {"createdAt", "version"}
    tags = sorted(row["tag_id"] for row in ended.tags if row["ticket_id"] == ticket_id)
    row = ended.tickets[ticket_id]
    return {name: stored(row[COLUMNS[name]]) for name in names} | {"tagIds": tags}


def test_any_split_of_patches_ends_as_they_do_one_by_one(
    world: World, begin: Callable[[], None], database_kind: str
) -> None:
    world.with_settings(spam_detection_tag_ids=frozenset({SPAM_TAG}))

    @settings(
        max_examples=EXAMPLES[database_kind],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(SENT)
    @example(Sent(FREED_FIRST, frozenset(), 4))
    @example(Sent(FREED_LATER, frozenset(), 1))
    def check(sent: Sent) -> None:
        begin()
        untouched = apply(world, [])
        world.with_settings(chunk_size=sent.chunk_size)
        split = apply(world, sent.batches())
        # Where nothing was written, nobody's view is old; one by one, something was written twice.
        assume(not (split.returned and any("ifModifiedAt" in item for item in sent.items)))
        _history_agrees(world, untouched, split)
        begin()
        single = apply(world, [[item] for item in sent.items])
        _history_agrees(world, untouched, single)

        assert split.items == single.items
        assert _comparable(split, split.returned) == _comparable(single, split.returned)
        assert split.tags == single.tags
        assert split.runs == single.runs

    check()
