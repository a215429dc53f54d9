"""What a batch may spend on a model, over all of its tasks, processes and attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest

from config.settings import Settings
from tests.services.llm_server import LlmServer
from tests.worker.operations.conftest import Add, World
from tests.worker.operations.engines import reasons
from worker.domain.failures import Permanent, Transient
from worker.domain.spending import A_CALL, Spending
from worker.domain.words import RefreshMode
from worker.operations.inspection.batch import batch_overview, show_batch
from worker.operations.spending import BatchPurse
from worker.storage.database import Database
from worker.storage.outbox import Message
from worker.storage.tables import BatchSpendingRow, RefreshRunRow

Ask = Callable[..., None]


@pytest.fixture
def add(add_tickets: Add) -> Callable[[int], None]:
    """Adds so many tickets with words of their own: equal questions would get one answer."""

    def add(many: int) -> None:
        for number in range(1, many + 1):
            add_tickets(number, body=f"Guten Tag, ich bin Kunde {number} und ziehe um.")

    return add


def asked_for(world: World, many: int, mode: str = "summaryAndText") -> tuple[str, list[Message]]:
    """A batch that asks for refreshes of the first tickets, and the messages that carry them."""
    before = len(world.sent)
    batch = world.patch(*({"id": number, "refreshMode": mode} for number in range(1, many + 1)))["batchId"]
    return batch, [one for one in world.sent[before:] if "run_ids" in one.arguments]


def spent(world: World) -> list[Spending]:
    return [Spending(row["calls"], row["tokens"]) for row in world.rows(BatchSpendingRow)]


def ends(world: World) -> Counter[tuple[str, str | None]]:
    return Counter((run["state"], run["reason"]) for run in world.rows(RefreshRunRow))


def test_a_batch_tells_what_it_spent_and_one_that_asked_no_model_tells_nothing(
    world: World, add: Callable[[int], None], ask_model: Ask
) -> None:
    add(3)
    ask_model()
    batch, (message,) = asked_for(world, 3)
    other = world.patch({"id": 1, "status": "closed"})["batchId"]
    world.run(message)

    assert show_batch(world.context, batch)["llm"] == {"calls": 3, "tokens": 300}
    assert batch_overview(world.context, batch, 5, 5)["llm"] == {"calls": 3, "tokens": 300}
    assert "llm" not in show_batch(world.context, other)


def test_an_answer_that_was_asked_for_twice_is_two_calls(
    world: World, add: Callable[[int], None], server: LlmServer, ask_model: Ask
) -> None:
    add(1)
    ask_model()
    server.raw, server.raw_times = "{not json", 1
    _, (message,) = asked_for(world, 1)
    world.run(message)

    assert spent(world) == [Spending(2, 200)]


def test_the_stages_beyond_the_calls_of_a_batch_fail(
    world: World, add: Callable[[int], None], server: LlmServer, ask_model: Ask
) -> None:
    add(6)
    ask_model(llm_calls_per_batch=4)
    _, (message,) = asked_for(world, 6)
    world.run(message)

    assert ends(world) == {("done", None): 4, ("failed", "llm_batch_call_limit"): 2}
    assert (len(server.requests), spent(world)) == (4, [Spending(4, 400)])


def test_the_stages_beyond_the_tokens_of_a_batch_fail(
    world: World, add: Callable[[int], None], server: LlmServer, ask_model: Ask
) -> None:
    add(6)
    server.tokens = 4_000
    ask_model(llm_tokens_per_batch=10_000, llm_calls_in_flight=1)
    _, (message,) = asked_for(world, 6)
    world.run(message)

    assert ends(world) == {("done", None): 3, ("failed", "llm_batch_token_limit"): 3}
    assert spent(world) == [Spending(3, 12_000)]  # the last one was reckoned with 2,000


def test_what_a_batch_spent_counts_in_other_tasks_and_after_a_restart(
    world: World, add: Callable[[int], None], server: LlmServer, ask_model: Ask
) -> None:
    add(60)
    limit = {"llm_calls_per_batch": 55}
    ask_model(**limit)
    _, (first, second) = asked_for(world, 60)
    world.run(first)
    ask_model(**limit)
    world.run(second)

    assert ends(world) == {("done", None): 55, ("failed", "llm_batch_call_limit"): 5}
    assert len(server.requests) == 55


def test_attempts_that_failed_count_as_well(
    world: World, add: Callable[[int], None], server: LlmServer, ask_model: Ask
) -> None:
    add(1)
    server.status = 500
    ask_model(llm_calls_per_batch=2, retry_delays=(timedelta(seconds=5),) * 3)
    _, (message,) = asked_for(world, 1)
    for _ in range(3):
        world.run(message)
        world.pass_time(seconds=10)

    assert ends(world) == {("failed", "llm_batch_call_limit"): 1}
    assert (len(server.requests), spent(world)) == (2, [Spending(2, 0)])


def test_beyond_the_limit_the_embedded_engine_steps_in_by_setting(
    world: World, add: Callable[[int], None], server: LlmServer, ask_model: Ask
) -> None:
    add(3)
    ask_model(llm_calls_per_batch=2, llm_fallback=True)
    batch, (message,) = asked_for(world, 3)
    world.run(message)

    told = Counter(reasons(run)["summary"] for run in show_batch(world.context, batch)["refreshes"])
    assert told == {None: 2, "done_by_embedded_engine": 1}
    assert len(server.requests) == 2


def test_refreshes_without_a_batch_have_the_limits_of_their_task_alone(
    world: World, add: Callable[[int], None], ask_model: Ask
) -> None:
    add(5)
    ask_model(llm_calls_per_batch=1)
    (message,) = world.request(RefreshMode.SUMMARY_AND_TEXT, 1, 2, 3, 4, 5)

    assert world.run(message) == {"done": 5}
    assert spent(world) == []


def test_batches_that_share_a_task_pay_for_their_own_tickets(
    world: World, add: Callable[[int], None], ask_model: Ask
) -> None:
    add(4)
    ask_model(llm_calls_per_batch=2)
    messages = [asked_for(world, 1)[1], world.request(RefreshMode.SUMMARY_AND_TEXT, 4)]
    batch = world.patch({"id": 2, "refreshMode": "summaryAndText"}, {"id": 3, "refreshMode": "summaryAndText"})
    runs = [run["id"] for run in world.rows(RefreshRunRow)]
    message = messages[0][0]
    message.arguments["run_ids"][:] = runs

    assert world.run(message) == {"done": 4}
    assert sorted(one.calls for one in spent(world)) == [1, 2]
    assert show_batch(world.context, batch["batchId"])["llm"]["calls"] == 2


def test_tasks_side_by_side_keep_to_the_limit_together(
    world: World, add: Callable[[int], None], server: LlmServer, ask_model: Ask
) -> None:
    add(100)
    server.delay = 0.02
    ask_model(llm_calls_per_batch=33, llm_calls_in_flight=4)
    _, messages = asked_for(world, 100, "full")
    with ThreadPoolExecutor(len(messages)) as pool:
        list(pool.map(world.run, messages))

    # A task may end with calls of its last handful that it did not need; no other one needs them any more.
    assert len(messages) == 5
    assert 33 - 4 * 4 <= len(server.requests) <= 33
    assert spent(world) == [Spending(len(server.requests), 100 * len(server.requests))]


@pytest.fixture
def purse(world: World) -> BatchPurse:
    limit = {"llm_calls_per_batch": 10, "llm_tokens_per_batch": 1_000_000}
    context = world.with_settings(**limit)
    return BatchPurse(context.database, context.settings)


@pytest.fixture
def batch(world: World, add_tickets: Add) -> str:
    add_tickets(1)
    return str(world.patch({"id": 1, "status": "closed"})["batchId"])


def test_however_many_draw_at_once_no_call_is_drawn_twice(world: World, purse: BatchPurse, batch: str) -> None:
    def draw(_: int) -> int:
        drawn = 0
        with suppress(Permanent):
            while True:
                drawn += purse.draw(batch, 3, Spending())
        return drawn

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(draw, range(8))) == 10
    assert spent(world) == [A_CALL * 10]


def test_what_a_lost_process_had_drawn_counts_as_spent(world: World, purse: BatchPurse, batch: str) -> None:
    assert purse.draw(batch, 8, Spending()) == 8

    assert BatchPurse(purse.database, purse.settings).draw(batch, 8, Spending()) == 1
    assert spent(world) == [A_CALL * 9]


def test_what_was_not_needed_is_given_back(world: World, purse: BatchPurse, batch: str) -> None:
    purse.draw(batch, 10, Spending())
    with pytest.raises(Permanent, match="llm_batch_call_limit"):
        purse.draw(batch, 3, Spending())
    purse.settle(batch, Spending(5, 700) - A_CALL * 10)

    assert spent(world) == [Spending(5, 700)]
    assert purse.draw(batch, 3, Spending()) == 3


def test_a_batch_that_is_not_stored_has_no_limit(world: World, purse: BatchPurse) -> None:
    assert purse.draw("no-batch", 50, Spending()) == 50
    purse.settle("no-batch", Spending(1, 1))
    assert spent(world) == []


def test_a_database_that_is_away_is_a_passing_failure() -> None:
    away = Database("postgresql+psycopg://127.0.0.1:1/tickets")
    with pytest.raises(Transient, match="database_unavailable"):
        BatchPurse(away, Settings()).draw("b", 1, Spending())
