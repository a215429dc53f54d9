"""What the server is to be told once it is back; kept in memory, for the life of the process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import redis.exceptions

SERVER_AWAY = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)

Command = Callable[["redis.Redis"], object]

_commands: deque[Command] = deque()


def defer(command: Command) -> None:
    """Keeps a command that could not reach the server. It may run twice, so twice must do no harm."""
    _commands.append(command)


def settle(connect: Callable[[], redis.Redis]) -> None:
    """Runs what was kept, in order. Raises as soon as the server is away again; the rest stays."""
    while _commands:
        _commands[0](connect())
        _commands.popleft()
