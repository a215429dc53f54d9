"""Somebody who receives webhooks, and what tests do until they have some."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from config.routing import TaskName
from worker.operations.deliver import deliver
from worker.operations.load import load
from worker.storage.outbox import Message

if TYPE_CHECKING:
    from tests.worker.operations.conftest import World

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DELAYS = (timedelta(seconds=5), timedelta(seconds=60))
Answer = tuple[int, dict[str, str]]
Script = Answer | Callable[[], Answer]
OK: Answer = (204, {})


def status(number: int, **headers: str) -> Answer:
    return number, {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass
class Receiver:
    """A server whose paths are endpoints; `answers` are given one after the other, the last one for ever."""

    server: HTTPServer
    answers: dict[str, list[Script]] = field(default_factory=lambda: defaultdict(lambda: [OK]))
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        endpoint = request.path.strip("/")
        self.requests.append(request)
        self.got.append((endpoint, json.loads(request.data)))
        left = self.answers[endpoint]
        script = left.pop(0) if len(left) > 1 else left[0]
        number, headers = script() if callable(script) else script
        return Response(status=number, headers=headers)

    def tickets(self, endpoint: str) -> list[int]:
        return [body["ticketId"] for name, body in self.got if name == endpoint]


def listen(world: World, receiver: Receiver, *names: str, **wishes: object) -> None:
    """Endpoints at the receiver's paths, or elsewhere, all with the same wishes: `listen(…, "a", digest=True)`."""
    webhooks = [{"id": name, "url": receiver.server.url_for(f"/{name}"), "secret": SECRET} | wishes for name in names]
    load(world.context, {"webhooks": webhooks})


def change(world: World, *ticket_ids: int, **fields: object) -> Message:
    """Patches tickets; the message that carries their webhooks."""
    world.patch(*({"id": ticket_id} | (fields or {"status": "closed"}) for ticket_id in ticket_ids))
    return world.sent[-1]


def run(world: World, message: Message) -> dict[str, int]:
    return deliver(world.context, message.arguments["delivery_ids"], message.id)


def run_all(world: World) -> None:
    """What workers do with every message about webhooks that was sent, once."""
    messages, world.sent[:] = list(world.sent), []
    for message in messages:
        if message.task == TaskName.DELIVER_WEBHOOKS:
            run(world, message)
