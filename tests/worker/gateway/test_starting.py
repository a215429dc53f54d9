"""The thread that has workers sent for accepted batches."""

from __future__ import annotations

import threading
from collections.abc import Collection

from tests.services.waiting import wait_until
from worker.gateway.starting import MOST, Starter


class Relay:
    """Takes note of what it is to publish; can be made to wait and to fail."""

    def __init__(self) -> None:
        self.published: list[list[str]] = []
        self.free = threading.Event()
        self.error: Exception | None = None

    def __call__(self, batch_ids: Collection[str]) -> None:
        self.published.append(list(batch_ids))
        assert self.free.wait(10)
        if self.error is not None:
            raise self.error


def test_what_gathers_while_the_broker_is_slow_leaves_together() -> None:
    relay = Relay()
    starter = Starter(relay)
    starter.start()
    starter.add("a")
    assert wait_until(lambda: relay.published == [["a"]])
    starter.add("b")
    starter.add("c")
    relay.free.set()
    assert wait_until(lambda: relay.published == [["a"], ["b", "c"]])
    starter.stop()


def test_one_statement_takes_a_bounded_number() -> None:
    relay = Relay()
    relay.free.set()
    starter = Starter(relay)
    for number in range(MOST + 1):
        starter.add(str(number))
    starter.start()
    starter.stop()
    assert [len(batch_ids) for batch_ids in relay.published] == [MOST, 1]


def test_a_failure_does_not_end_the_thread() -> None:
    relay = Relay()
    relay.error = RuntimeError("away")
    relay.free.set()
    starter = Starter(relay)
    starter.start()
    starter.add("a")
    assert wait_until(lambda: relay.published == [["a"]])
    starter.add("b")
    assert wait_until(lambda: relay.published == [["a"], ["b"]])
    starter.stop()


def test_what_was_added_before_the_end_is_still_sent() -> None:
    relay = Relay()
    relay.free.set()
    starter = Starter(relay)
    starter.add("a")
    starter.start()
    starter.stop()
    assert relay.published == [["a"]]
