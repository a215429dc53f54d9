"""kombu's Redis transport with a guard at the door: no entry and no lost server ends a worker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from queue import Empty
from typing import Any

import redis.exceptions
import structlog
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport import redis as kombu_redis
from kombu.transport.virtual.base import Message as KombuMessage
from kombu.utils.scheduling import round_robin_cycle

from config.routing import Queue
from worker.broker.broadcast import is_broadcast, reply
from worker.broker.dead import bury
from worker.broker.deferred import SERVER_AWAY, defer, settle
from worker.broker.envelope import Envelope, admit
from worker.broker.headers import DELIVERIES
from worker.broker.refusal import Refused

log = structlog.get_logger(__name__)

TASK_QUEUES = frozenset(map(str, Queue))

_SOON = 0.1
"""Seconds after which a worker without room for all messages looks by itself whether it has some again."""


class Room(IntEnum):
    """Which messages a worker has room for, the fewest first."""

    CLICKS = 0
    """Interactive messages of the ingest queue: somebody waits for a change to be saved."""
    INTERACTIVE = 1
    """These, and what comes of them: webhooks and refreshes of the interactive lane."""
    ALL = 2


def install() -> None:
    """Makes `redis://` and `rediss://` mean this transport, in the whole process.

    The setting `broker_transport` would do it too, but then a connection names this class where tools such as Flower
    look for the scheme.
    """
    TRANSPORT_ALIASES.update(dict.fromkeys(("redis", "rediss"), f"{__name__}:Transport"))


class QoS(kombu_redis.QoS):
    """What is delivered and not yet confirmed. What cannot be settled while the server is away is settled later."""

    def ack(self, delivery_tag: str) -> None:
        """Confirms a message."""
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]
        except SERVER_AWAY:
            defer(lambda client: self._confirm(client, delivery_tag))
        self.channel.look_again()

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's signature
        """Puts a message back on its queue, or drops it."""
        try:
            super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]
        except SERVER_AWAY:
            settled = self._put_back if requeue else self._confirm
            defer(lambda client: settled(client, delivery_tag))
        self.channel.look_again()

    def on_connection_lost(self, unstarted: Iterable[str]) -> None:
        """What has not begun goes back to its queue; what is running keeps its place and is settled when it ends.

        kombu would leave the first where it is until the visibility timeout, and deliver the second twice.
        """
        for delivery_tag in unstarted:
            self.reject(delivery_tag, requeue=True)
        self._delivered.clear()

    def _confirm(self, client: redis.Redis, delivery_tag: str) -> None:
        with client.pipeline() as pipe:
            self._remove_from_indices(delivery_tag, pipe).execute()  # type: ignore[no-untyped-call]

    def _put_back(self, client: redis.Redis, delivery_tag: str) -> None:
        self.restore_by_tag(delivery_tag, client=client, leftmost=True)  # type: ignore[no-untyped-call]


class Message(KombuMessage):
    """A task's body was checked at the door and is read by the process that runs it, not again by the one between.

    Celery's main process would read it into objects, keep them, and send those along as well: half of the time and
    memory that a large batch takes.
    """

    def __init__(self, payload: Envelope, channel: object = None, **options: Any) -> None:  # noqa: ANN401 - kombu's own
        super().__init__(payload, channel, **options)  # type: ignore[no-untyped-call]
        if "task" in self.headers:
            self._decoded_cache: list[object] = [[], {}, {}]


class Channel(kombu_redis.Channel):
    """A channel that hands on only entries that were checked and built anew.

    One more transport option: `max_message_bytes`. Of the worker's `processes`, one takes nothing but clicks, and
    another one nothing of the bulk lane, as far as there are so many: what somebody waits for finds one free.
    """

    QoS = QoS
    Message = Message

    max_message_bytes = 128 * 2**20
    processes = 1
    _waits_for = Room.ALL
    _waits_as: int | None = None
    """The server's number for the connection that waits for less than all messages, while it does."""
    from_transport_options = (*kombu_redis.Channel.from_transport_options, "max_message_bytes")  # type: ignore[assignment]

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - kombu's signature
        """After a lost connection kombu may ask a closed channel; its AttributeError would end the worker."""
        if self.connection is None or self.connection.client is None:
            raise redis.exceptions.ConnectionError("the channel is closed")
        return super()._connparams(asynchronous=asynchronous)  # type: ignore[no-any-return, no-untyped-call]

    def _brpop_start(self, timeout: float | None = None) -> None:
        settle(self._create_client)
        room = self._room()
        if room is Room.ALL:
            super()._brpop_start(timeout)  # type: ignore[no-untyped-call]
            return
        self._waits_for, self._waits_as = room, self._own_number()
        with self._only(room):
            super()._brpop_start(_SOON)  # type: ignore[no-untyped-call]

    @contextmanager
    def _only(self, room: Room) -> Iterator[None]:
        """Leaves out the keys of other messages: a key is a queue and a priority."""
        steps, queues = self.priority_steps, self._queue_cycle
        self.priority_steps = steps[:-1]
        if room is Room.CLICKS:
            self._queue_cycle = round_robin_cycle([str(Queue.INGEST)])  # type: ignore[no-untyped-call]
        try:
            yield
        finally:
            self.priority_steps, self._queue_cycle = steps, queues

    def _own_number(self) -> int | None:
        """The server's number for the connection that waits; None where this user may not ask for it."""
        connection = self.client.connection
        connection.send_command("CLIENT", "ID")
        try:
            return int(connection.read_response())
        except redis.exceptions.ResponseError:
            return None

    def look_again(self) -> None:
        """Ends a wait for some messages alone when there is room for more of them.

        The server looks at the clocks of those who wait only ten times a second: as many messages would a lane get.
        """
        if self._waits_as is not None and self._room() > self._waits_for:
            waits_as, self._waits_as = self._waits_as, None
            with suppress(redis.exceptions.RedisError):  # it looks by itself, if later
                self._create_client().client_unblock(waits_as)  # type: ignore[no-untyped-call]

    def _room(self) -> Room:
        """What one more message may be, if those that nobody waits for are to leave processes free for others."""
        qos = self.qos
        spare = self.processes - 1
        if not spare or not qos.prefetch_count:
            return Room.ALL
        for_clicks = int(Queue.INGEST in self.active_queues)
        for_interactive = min(1, spare - for_clicks)
        under_way = [message for tag, message in qos._delivered.items() if tag not in qos._dirty]  # noqa: SLF001 - as kombu's own `can_consume` counts
        bulk = sum(map(self._is_bulk, under_way))
        if sum(not self._is_click(message) for message in under_way) >= qos.prefetch_count - for_clicks:
            return Room.CLICKS
        return Room.ALL if bulk < qos.prefetch_count - for_clicks - for_interactive else Room.INTERACTIVE

    def _is_bulk(self, message: KombuMessage) -> bool:
        return bool(message.properties.get("priority") == self.priority_steps[-1])

    def _is_click(self, message: KombuMessage) -> bool:
        return message.delivery_info["routing_key"] == Queue.INGEST and not self._is_bulk(message)

    def _brpop_read(self, **options: Any) -> bool:  # noqa: ANN401 - kombu's own options
        try:
            key, entry = self._reply(options)
            try:
                self._hand_on(key.decode().rsplit(self.sep, 1)[0], entry)
            except redis.exceptions.RedisError:
                # Taken off the queue, but not yet among the unconfirmed: only this process knows of it.
                defer(lambda client: client.rpush(key, entry))
                raise
            return True
        finally:
            self._in_poll = None  # type: ignore[assignment] # as kombu does
            self._waits_as = None
            self._flush_brpop_reauth()  # type: ignore[no-untyped-call]

    def _reply(self, options: dict[str, Any]) -> tuple[bytes, bytes]:
        connection = self.client.connection
        try:
            reply = self.client.parse_response(connection, "BRPOP", **options)
        except self.connection_errors:
            connection.disconnect()  # the next round connects anew
            raise
        if not reply:
            raise Empty
        return reply[0], reply[1]

    def _hand_on(self, queue: str, entry: bytes) -> None:
        self._queue_cycle.rotate(queue)
        try:
            message = self._message(queue, entry)
        except Refused as refused:
            self._refuse(queue, entry, refused.reason.value)
        else:
            self.connection._deliver(message, queue)  # noqa: SLF001 - as kombu hands on

    def _message(self, queue: str, entry: bytes) -> Envelope:
        """A task on one of our queues; on any other, such as a remote control's reply, whatever kombu can read."""
        if queue not in TASK_QUEUES:
            return reply(entry)
        latest = datetime.now(UTC) + timedelta(seconds=self.visibility_timeout)
        return admit(entry, queue, latest=latest, largest=self.max_message_bytes)

    def _refuse(self, queue: str, entry: bytes, reason: str) -> None:
        dead_id = bury(self._create_client(), reason=reason, queue=queue, entry=entry)  # type: ignore[no-untyped-call]
        log.warning("message_refused", reason=reason, queue=queue, size=len(entry), dead_id=str(dead_id))

    def _do_restore_message(
        self,
        payload: Envelope,
        exchange: str,
        routing_key: str,
        pipe: object,
        leftmost: bool = False,  # noqa: FBT001, FBT002 - kombu's signature
    ) -> None:
        """Counts the deliveries, so that a message that kills every worker is stopped at the door at last."""
        headers = payload["headers"]
        headers[DELIVERIES] = headers.get(DELIVERIES, 0) + 1
        super()._do_restore_message(payload, exchange, routing_key, pipe, leftmost)  # type: ignore[no-untyped-call]

    def _deliver_fanout_message(self, message: object, exchange: str) -> bool:
        if not is_broadcast(message) or exchange not in self._fanout_to_queue:
            log.warning("broadcast_refused")
            return True
        return super()._deliver_fanout_message(message, exchange)  # type: ignore[no-any-return, no-untyped-call]


class Transport(kombu_redis.Transport):
    """What `install` puts in the place of kombu's own."""

    Channel = Channel
