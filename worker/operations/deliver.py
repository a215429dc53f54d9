"""Webhook deliveries: claimed, signed, sent with no transaction open, recorded, tried again."""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

import structlog
from sqlalchemy import Connection

from worker.context import Context
from worker.operations.attempts import Attempt, attempt, record
from worker.operations.give_up import give_up_disabled
from worker.operations.log_context import bind_work
from worker.operations.publish import publish_next
from worker.storage.deliveries import Delivery, claim_deliveries, next_attempt_of
from worker.storage.endpoints import Receiver, let_rest, receivers_of
from worker.storage.outbox import postpone_messages, settle_message
from worker.webhooks.sending import Sender

log = structlog.get_logger(__name__)

AT_ONCE = 8
"""Requests in flight of one message, probes aside."""

SOON = timedelta(seconds=2)
"""When to look again, at the earliest, at a delivery that waits for an earlier one of its ticket."""

LOOK = 0.03
"""Seconds between two looks at an endpoint that another process probes."""

_THREADS = 64


def deliver(context: Context, delivery_ids: Sequence[str], message_id: str) -> dict[str, int]:
    """Send what is due of these; the message ends when all have ended, and is due again before that otherwise.

    Returns:
        How many attempts left their delivery in each state.
    """
    counts: Counter[str] = Counter()
    ended = 0
    while ended < len(delivery_ids):
        look = _claim_patiently(context, delivery_ids, message_id)
        if look.settled is not None:
            publish_next(context, look.settled)
            break
        if not look.claimed:
            _settle(
                context,
                message_id,
                lambda connection: next_attempt_of(connection, delivery_ids, context.clock() + SOON),
            )
            break
        bind_work([delivery.ticket_id for delivery in look.claimed])
        made, unsent = _send(context, look.claimed)
        ended += record(context, made, unsent)
        counts.update(one.state.value for one in made)
    else:
        _settle(context, message_id, lambda _: None)
    log.info("webhooks_sent", **counts)
    return dict(counts)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at a message's deliveries found.

    `settled`: their endpoints all rest, so the message was put off until one of them has; ids of batches that hold
    others back.
    """

    claimed: Sequence[Delivery]
    receivers: Collection[Receiver]
    settled: Sequence[str] | None = None


def _claim_patiently(context: Context, ids: Sequence[str], message_id: str) -> _Look:
    """The next deliveries; waits a moment for what comes of another process's probe."""
    until = time.monotonic() + context.settings.webhook_patience.total_seconds()
    while True:
        look = _claim(context, ids, message_id)
        waits = any(one.probing and one.resting_until is None for one in look.receivers)
        if look.claimed or not waits or time.monotonic() >= until:
            return look
        time.sleep(LOOK)


def _claim(context: Context, ids: Sequence[str], message_id: str) -> _Look:
    """As many as can be sent well within their lease."""
    settings = context.settings
    rounds = max(1, int(settings.lease / settings.webhook_timeout / 2))

    def work(connection: Connection) -> _Look:
        now = context.clock()
        receivers = receivers_of(connection, ids, now)
        claimed = claim_deliveries(
            connection,
            ids,
            receivers,
            now=now,
            lease_until=now + settings.lease,
            probe_until=now + settings.webhook_timeout,
            limit=AT_ONCE * rounds,
        )
        rests = [one.resting_until for one in receivers.values() if one.resting_until]
        if rests and len(rests) == len(receivers):
            return _Look(claimed, receivers.values(), postpone_messages(connection, [message_id], min(rests)))
        return _Look(claimed, receivers.values())

    look = context.database.transact(work)
    if not all(one.active for one in look.receivers):
        give_up_disabled(context, ids=ids)
    return look


@dataclass(slots=True)
class _Lanes:
    """Deliveries that several threads send side by side; an endpoint that gives no answer gets no more of them."""

    context: Context
    sender: Sender
    waiting: deque[Delivery]
    made: list[Attempt] = field(default_factory=list)
    unsent: list[Delivery] = field(default_factory=list)
    resting: set[str] = field(default_factory=set)

    def run(self) -> None:
        """One after the other, until none is left."""
        while True:
            try:
                delivery = self.waiting.popleft()
            except IndexError:
                return
            if delivery.receiver.id in self.resting:
                self.unsent.append(delivery)
                continue
            made = attempt(self.context, self.sender, delivery)
            if made.rest_until is not None:
                self.resting.add(delivery.receiver.id)
            self.made.append(made)


def _send(context: Context, claimed: Sequence[Delivery]) -> tuple[list[Attempt], list[Delivery]]:
    """What came of each, and those not sent since their endpoint stopped answering.

    Probes that take their time are not told here but recorded later; a process that dies before leaves them to their
    lease, like any other.
    """
    threads, sender = _threads(os.getpid()), context.sender()
    probes = [threads.submit(attempt, context, sender, one) for one in claimed if not one.receiver.proven]
    lanes = _Lanes(context, sender, deque(one for one in claimed if one.receiver.proven))
    running = [threads.submit(lanes.run) for _ in range(min(AT_ONCE, len(lanes.waiting)))]
    for lane in running:
        lane.result()
    answered, silent = wait(probes, context.settings.webhook_patience.total_seconds())
    _let_rest(context, {one.receiver.id for one in claimed if not one.receiver.proven}, answered)
    for probe in silent:
        probe.add_done_callback(lambda done: _record_later(context, done))
    return [*lanes.made, *(probe.result() for probe in answered)], lanes.unsent


def _let_rest(context: Context, probed: set[str], answered: Collection[Future[Attempt]]) -> None:
    """Nobody else waits for the endpoints that have not answered their probes by now."""
    silent = probed - {probe.result().delivery.receiver.id for probe in answered}
    if silent:
        until = context.clock() + context.settings.webhook_timeout
        context.database.transact(lambda connection: let_rest(connection, sorted(silent), until))


def _record_later(context: Context, probe: Future[Attempt]) -> None:
    try:
        record(context, [probe.result()])
    except Exception as error:  # noqa: BLE001 - in a thread that nobody waits for; the lease brings the delivery back
        log.warning("webhook_not_recorded", error=type(error).__name__)


@cache
def _threads(pid: int) -> ThreadPoolExecutor:
    """The threads of this process: a child of a fork has none of its parent's."""
    return ThreadPoolExecutor(_THREADS, f"webhook-{pid}")


def _settle(context: Context, message_id: str, again_at: Callable[[Connection], datetime | None]) -> None:
    with context.database.write() as connection:
        held_back = settle_message(connection, message_id, again_at(connection))
    publish_next(context, held_back)
