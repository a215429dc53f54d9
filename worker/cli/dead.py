"""Commands on dead letters: `dead list`, `dead retry`, `dead drop`."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from redis.exceptions import RedisError
from rich.console import RenderableType
from rich.text import Text

from worker import runtime
from worker.cli.options import PROGRAM, Exit
from worker.cli.output import answer, cell, facts, said, table, tell
from worker.cli.session import open_context
from worker.context import Context
from worker.operations.collect_dead import collect_dead
from worker.operations.dead import drop_dead, list_dead, retry_dead

_IN_THE_END = frozenset({"status"})
"""What is told of a letter after all that says what it is about."""


def print_dead(limit: int, *, as_json: bool) -> int:
    """What was given up, newest first."""
    context = open_context()
    _collect(context)
    letters = list_dead(context, limit)
    nothing = ["Nothing was given up."]
    answer(letters, lambda: _letters(letters, limit) if letters else nothing, as_json=as_json)
    return Exit.DONE


def _collect(context: Context) -> None:
    """Refused messages are listed even when no worker has moved them to the table yet."""
    try:
        with runtime.broker() as broker:
            while collect_dead(context, broker):
                pass
    except RedisError:
        tell(f"Redis can't be reached ({_where()}), so messages that were refused lately may be missing.")


def _where() -> str:
    """The variable that says where refused messages wait, as `runtime.broker` has it."""
    return "BROKER_URL" if os.environ.get("BROKER_URL", "").startswith("redis") else "REDIS_URL"


def _letters(letters: Sequence[Mapping[str, Any]], limit: int) -> Iterator[RenderableType]:
    made = table("Dead letters", "#ID", "@Kind", "@Reason", "About", "@At")
    for letter in letters:
        about = letter["detail"] or {name: letter[name] for name in ("subject", "task") if letter[name]}
        made.add_row(
            cell(letter["id"]),
            cell(letter["kind"]),
            cell(letter["reason"], "red"),
            cell(facts({said(name): about[name] for name in sorted(about, key=_IN_THE_END.__contains__)})),
            cell(letter["at"]),
        )
    yield made
    if len(letters) == limit:
        yield Text(f"\nThese are the newest; --limit {limit * 10} shows older ones.", "dim")
    yield Text(f"\n`{PROGRAM} dead retry ID` tries again, `dead drop ID` forgets.", "dim")


def retry(ids: Collection[int] | None, *, as_json: bool) -> int:
    """Try again; what cannot be stays, with the reason, and makes the exit code 1."""
    done = retry_dead(open_context(), ids)
    kept = [
        f"{one['id']} stays: {one['reason']}; `{PROGRAM} dead drop {one['id']}` forgets it." for one in done["kept"]
    ]
    answer(done, lambda: [f"{len(done['retried'])} go again.", *kept], as_json=as_json)
    return Exit.SOME_FAILED if done["kept"] else Exit.DONE


def drop(ids: Collection[int] | None, *, as_json: bool) -> int:
    """Forget dead letters."""
    done = drop_dead(open_context(), ids)
    answer(done, lambda: [f"{len(done['dropped'])} dropped."], as_json=as_json)
    return Exit.DONE
