"""Lines of a task say which tickets and batch they are about, and end with the task."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.worker.operations.conftest import Add, World
from worker.operations.log_context import bind_work


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


def bound() -> dict[str, object]:
    return structlog.contextvars.get_contextvars()


def test_a_batchs_lines_name_its_tickets(world: World, add_tickets: Add) -> None:
    add_tickets(1, 2)

    answer = world.patch({"id": 2, "status": "closed"}, {"id": 1, "status": "closed"})

    assert bound() == {"batch_id": answer["batchId"], "ticket_ids": [1, 2], "tickets": 2}


def test_many_tickets_are_named_in_part_and_counted_whole() -> None:
    bind_work(range(1_000), ["b", None])

    assert bound() == {"batch_id": "b", "ticket_ids": list(range(20)), "tickets": 1_000}
