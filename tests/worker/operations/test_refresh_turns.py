"""Requests merge, runs of one ticket take turns, and a message may come as often as it likes (contract section 4)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import FULL, ScriptedEngine
from worker.ai.protocol import Message
from worker.domain.failures import Transient
from worker.domain.words import RefreshMode
from worker.operations.load import load
from worker.operations.publish import publish
from worker.operations.refresh.run import SOON, refresh
from worker.storage.tables import HistoryRow, OutboxRow, RefreshRunRow


@pytest.fixture(autouse=True)
def engine(world: World) -> ScriptedEngine:
    engine = ScriptedEngine(dict(FULL))
    world.with_engine(engine)
    return engine


def once(do: Callable[[], object], answer: object) -> Callable[[Message], object]:
    """An answer during which something happens the first time."""
    left = [do]

    def think(_: Message) -> object:
        if left:
            left.pop()()
        return answer

    return think


def states(world: World) -> list[tuple[str, str]]:
    return sorted((run["mode"], run["state"]) for run in world.rows(RefreshRunRow))


def test_requests_that_wait_for_one_ticket_and_mode_run_once(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)
    assert world.request(RefreshMode.SUMMARY_AND_TEXT, 1) == []

    world.run(message)

    assert engine.methods == ["text", "summary", "sentiment"]
    assert states(world) == [("summaryAndText", "done"), ("summaryAndText", "merged")]


def test_a_request_while_one_runs_causes_one_more_run_after_it(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    later: list[Any] = []

    def ask() -> None:
        for _ in range(2):
            later.extend(world.request(RefreshMode.SUMMARY_AND_TEXT, 1))
        # A worker that gets the message too early finds nothing to do, and puts it off.
        assert world.run(later[0]) == {}

    engine.answers["summary"] = once(ask, "Kurz")
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert world.run(message) == {"done": 1}

    assert states(world) == [("summaryAndText", state) for state in ("done", "merged", "waiting")]
    assert [(row["id"], row["due_at"]) for row in world.rows(OutboxRow)] == [(later[0].id, world.now + SOON)]
    world.now += SOON
    assert publish(world.context) == 1
    assert world.run(world.sent[-1]) == {"done": 1}
    assert (len(later), world.rows(OutboxRow)) == (1, [])


def test_runs_of_other_modes_take_turns_too(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1)
    (tags,) = world.request(RefreshMode.TAGS_RULE_BASED, 1)
    early: list[dict[str, int]] = []
    engine.answers["summary"] = once(lambda: early.append(world.run(tags)), "Kurz")
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)

    world.run(message)

    assert early == [{}]
    assert world.run(tags) == {"done": 1}


def test_a_run_behind_one_that_is_tried_again_later_is_looked_at_then(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    engine.answers["summary"] = Transient("model_busy", retry_after=600)
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)
    world.run(message)
    (behind,) = world.request(RefreshMode.AGENTS, 1)

    assert world.run(behind) == {}

    due = {row["id"]: (row["due_at"] - world.now).total_seconds() for row in world.rows(OutboxRow)}
    assert due == {message.id: 600, behind.id: 600}


def test_a_later_request_covers_what_its_own_batch_saved(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    """A run that has read the ticket already does not count for what was saved after it."""
    engine.answers["summary"] = lambda message: message.subject
    engine.answers["sentiment"] = once(
        lambda: world.patch({"id": 1, "subject": "Neu"}, {"id": 1, "refreshMode": "summaryAndText"}), None
    )
    add_tickets(1, subject="Alt")
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)
    world.run(message)
    assert world.ticket(1).values["summary"] == "Alt"

    world.run(world.sent[-1])

    assert world.ticket(1).values["summary"] == "Neu"


def test_a_message_that_comes_again_does_nothing(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)
    world.run(message)
    before = (world.ticket(1), world.rows(HistoryRow), len(engine.asked))

    assert world.run(message) == {}

    assert (world.ticket(1), world.rows(HistoryRow), len(engine.asked)) == before


def test_a_message_with_unknown_runs_does_nothing(world: World) -> None:
    assert refresh(world.context, ["nowhere"], "unknown") == {}


def test_an_attempt_that_was_taken_over_writes_nothing(world: World, add_tickets: Add, engine: ScriptedEngine) -> None:
    def take_over() -> None:
        world.now += world.context.settings.lease
        engine.answers["summary"] = "Vom zweiten"
        assert world.run(message) == {"done": 1}

    engine.answers["summary"] = once(take_over, "Vom ersten")
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert world.run(message) == {}

    assert world.ticket(1).values["summary"] == "Vom zweiten"
    assert world.ticket(1).version == 1
    (run,) = world.rows(RefreshRunRow)
    assert (run["state"], run["attempt"], run["crashes"]) == ("done", 2, 1)


def test_an_attempt_that_was_taken_over_writes_nothing_while_the_other_thinks(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    """The first attempt ends inside the second one."""
    threads: list[threading.Thread] = []
    second_thinks, first_ended = threading.Event(), threading.Event()

    def second(_: Message) -> str:
        second_thinks.set()
        assert first_ended.wait(20)
        return "Vom zweiten"

    def take_over() -> None:
        world.now += world.context.settings.lease
        engine.answers["summary"] = second
        threads.append(threading.Thread(target=world.run, args=(message,)))
        threads[0].start()
        assert second_thinks.wait(20)

    engine.answers["summary"] = once(take_over, "Vom ersten")
    add_tickets(1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1)

    assert world.run(message) == {}
    assert world.ticket(1).version == 0
    first_ended.set()
    threads[0].join()

    assert world.ticket(1).values["summary"] == "Vom zweiten"


def test_two_processes_with_the_same_message_run_each_run_once(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    add_tickets(*range(1, 21))
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, *range(1, 21))
    start = threading.Barrier(3)
    ended: list[dict[str, int]] = []

    def work() -> None:
        start.wait()
        ended.append(world.run(message))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(one.get("done", 0) for one in ended) == 20
    assert len(engine.asked) == 60
    assert {run["attempt"] for run in world.rows(RefreshRunRow)} == {1}
    assert [world.ticket(ticket_id).version for ticket_id in range(1, 21)] == [1] * 20


def test_two_messages_of_the_same_tickets_never_run_at_once(
    world: World, add_tickets: Add, engine: ScriptedEngine
) -> None:
    busy: set[str] = set()
    overlaps: list[str] = []

    def think(message: Message) -> list[object]:
        overlaps.extend(busy & {message.subject})
        busy.add(message.subject)
        threading.Event().wait(0.005)
        busy.discard(message.subject)
        return []

    engine.answers |= {"text": lambda message: think(message) or FULL["text"], "agents": think}
    load(world.context, {"aiAgents": [{"id": 1, "code": "move", "name": "Umzug"}]})
    for ticket_id in range(1, 11):
        add_tickets(ticket_id, subject=str(ticket_id))
    messages = [
        *world.request(RefreshMode.SUMMARY_AND_TEXT, *range(1, 11)),
        *world.request(RefreshMode.AGENTS, *range(1, 11)),
    ]

    def work(message: Any) -> None:  # noqa: ANN401
        while any(row["id"] == message.id for row in world.rows(OutboxRow)):
            world.run(message)

    threads = [threading.Thread(target=work, args=(message,)) for message in messages * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert overlaps == []
    assert (engine.methods.count("text"), engine.methods.count("agents")) == (10, 10)
    assert {run["state"] for run in world.rows(RefreshRunRow)} == {"done"}
