"""Why a ticket of a batch is as it is, for people: what happened in a line each, the reasons below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from worker.cli.batch_view import STYLES
from worker.cli.output import cell, plain

Document = Mapping[str, Any]


def explanation_view(document: Document) -> Iterator[RenderableType]:
    """What `batch explain` prints for people."""
    state = str(document["state"])
    yield Text.assemble(
        (f"Ticket {document['ticketId']} ", "bold"),
        f"in batch {document['batchId']}, which is ",
        (state, STYLES.get(state, "")),
    )
    for item in document["items"]:
        yield from _told(f"Item {item['index']}", item["outcome"] or "waiting", item["why"])
        if item.get("current"):
            yield from _current(item["current"])
    for run in document["refreshes"]:
        yield from _told(f"Refresh {run['mode']}", run["state"], run["why"], run["runId"])
    for one in document["webhooks"]:
        name = f"Webhook to {one['endpointId']}" if one["endpointId"] else "Webhook"
        yield from _told(name, one["state"] or "not sent", one["why"], one["id"])
        yield from (_indented(Text(_try(tried), "dim"), 4) for tried in one["tries"])


def _try(attempt: Document) -> str:
    answer = f"HTTP {attempt['status']}" if attempt["status"] is not None else "no answer"
    error = f", {attempt['error']}" if attempt["error"] else ""
    return f"{attempt['at']}  {answer}{error}, after {attempt['durationMs']:,} ms"


def _told(name: str, state: str, why: list[str], number: str | None = None) -> Iterator[RenderableType]:
    yield Text()
    yield Text.assemble((f"{name} ", "bold"), (state, STYLES.get(state, "")), (f"  {number}" if number else "", "dim"))
    for sentence in why:
        yield _indented(Text(plain(sentence)), 2)


def _current(values: Mapping[str, object]) -> Iterator[RenderableType]:
    """What the ticket had when the item came too late."""
    yield _indented(Text("The ticket's values then:"), 2)
    for name, value in values.items():
        yield _indented(Text.assemble((f"{name} ", "dim"), cell(value)), 4)


def _indented(text: Text, by: int) -> RenderableType:
    return Padding(text, (0, 0, 0, by), expand=False)
