"""A worker killed at any step of a delivery: everything arrives, in order, each under one id."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.worker.operations.conftest import Add, World
from tests.worker.operations.receivers import Receiver, change, listen, run
from worker.storage.tables import DeliveryRow, OutboxRow

ROOT = Path(__file__).parents[3]

# Its children deliver one message, one after the other, each when the lease of the one before has ended. The n-th is
# killed when it looks at the clock for the n-th time, as each step does; the one that gets to the end is the last.
PROGRAM = """
import json, os, signal, ssl, sys
from datetime import datetime, timedelta
from pydantic import SecretStr
from config.settings import Settings
from worker.context import Context
from worker.operations.deliver import deliver
from worker.storage.database import Database
from worker.webhooks.sending import Sender

url, began, ids, message_id = json.loads(sys.argv[1])
tls = ssl.create_default_context()
settings = Settings(database_url=SecretStr(url), redis_url=SecretStr("redis://127.0.0.1:1/0"))

def child(number):
    looks = 0

    def clock():
        nonlocal looks
        looks += 1
        if looks == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return datetime.fromisoformat(began) + number * settings.lease

    sender = Sender(allowed=["127.0.0.1"], tls=tls)
    context = Context(settings, Database(url), clock, lambda: 0.0, None, lambda: sender, lambda _: None)
    deliver(context, ids, message_id)

number, killed = 0, True
while killed:
    number += 1
    process = os.fork()
    if not process:
        try:
            child(number)
        finally:
            os._exit(0)
    killed = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
print(number - 1)
"""


@pytest.mark.parametrize("digest", [False, True])
def test_killed_at_any_step_nothing_is_lost_and_ids_stay(
    world: World, add_tickets: Add, receiver: Receiver, *, digest: bool
) -> None:
    listen(world, receiver, "a")
    add_tickets(1, 2, 3)
    run(world, change(world, 1, subject="before"))
    receiver.got.clear()
    receiver.requests.clear()
    listen(world, receiver, "a", digest=digest)
    message = change(world, 1, 2, 3, priority="low")
    url = world.context.database.url.render_as_string(hide_password=False)
    told = json.dumps([url, world.now.isoformat(), message.arguments["delivery_ids"], message.id])

    command = [sys.executable, "-W", "error", "-c", PROGRAM, told]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - our own program

    assert int(done.stdout.splitlines()[-1]) >= 4  # at least: claimed, signed, answered, recorded
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for (_, body), request in zip(receiver.got, receiver.requests, strict=True):
        ids[json.dumps(body)].add(request.headers["webhook-id"])
    sent = world.rows(DeliveryRow)[1:]
    assert {frozenset(found) for found in ids.values()} == {frozenset({row["digest_id"] or row["id"]}) for row in sent}
    assert [row["state"] for row in sent] == ["delivered"] * 3
    assert world.rows(OutboxRow) == []
