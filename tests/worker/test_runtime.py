"""What a process is built of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import redis

ROOT = Path(__file__).parents[2]

SEND = """
from worker.domain.words import Lane
from worker.runtime import send
from worker.storage.outbox import Message
send([Message(lane.value, "tasks.refresh.tags", {"run_ids": ["1"]}, lane) for lane in reversed(Lane)])
"""


def test_a_message_waits_in_the_line_of_its_lane(valkey_url: str) -> None:
    subprocess.run([sys.executable, "-c", SEND], cwd=ROOT, env=os.environ | {"REDIS_URL": valkey_url}, check=True)  # noqa: S603

    with redis.Redis.from_url(valkey_url) as client:
        (interactive,) = client.lrange("refresh", 0, -1)
        (bulk,) = client.lrange("refresh\x06\x169", 0, -1)
    assert b'"id": "interactive"' in interactive
    assert b'"id": "bulk"' in bulk
