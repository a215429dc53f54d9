"""A batch as tables: who sent it, its counts and phases, how items ended, what they caused; trouble comes first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from worker.cli.options import PROGRAM
from worker.cli.output import cell, plain, table
from worker.cli.phases_view import pace, phases_view, span, still_open_view
from worker.domain.words import BatchState, DeliveryState, IgnoredReason, Outcome, RunState, StageState
from worker.operations.inspection.batch import TROUBLE
from worker.operations.inspection.phases import PhaseName
from worker.storage.batches import LedgerPage

MOST_ROWS = 15
"""Rows of one table; --json has all."""

MOST_OPEN = 3
"""Refreshes and webhooks that still run and are named; the others are counted."""

PAGE = 100
"""Items of the pages that are proposed to somebody who wants to see all."""

MOST_NAMES = 3
"""Fields of one reason that are named; more are counted."""

BRIEF = 40
"""Characters of a value that is told within a sentence."""

STYLES: dict[str, str] = {
    BatchState.DONE: "green",
    BatchState.CANCELLED: "red",
    BatchState.PAUSED: "yellow",
    Outcome.UPDATED: "green",
    Outcome.REFRESH_SCHEDULED: "green",
    Outcome.REFRESH_SKIPPED: "yellow",
    Outcome.REJECTED: "red",
    Outcome.CONFLICT: "red",
    RunState.SKIPPED: "yellow",
    RunState.FAILED: "red",
    DeliveryState.DELIVERED: "green",
    DeliveryState.DEAD: "red",
}
"""Colours of the words of batches, items, runs and deliveries."""

_TROUBLE = TROUBLE | {RunState.FAILED, DeliveryState.DEAD}
_SIZES = {"characters", "entries"}  # how a dry run tells what people write
_TOTALS = {"refreshes": "refreshCounts", "webhooks": "webhookCounts"}

Document = Mapping[str, Any]


def batch_view(document: Document) -> Iterator[RenderableType]:
    """What `show batch` and `enqueue --wait` print for people: an overview, or the answer of a dry run."""
    yield from _top(document)
    if "phases" in document:
        yield from phases_view(document["phases"])
        yield from still_open_view(document)
    for name, state, columns, row_of in _SECTIONS:
        if document[name]:
            yield from _section(document, name, state, columns, row_of)
    dead = [one["ticketId"] for one in document["webhooks"] if one["state"] == DeliveryState.DEAD]
    if dead and "phases" in document:
        command = f"  {PROGRAM} batch explain {document['batchId']} {dead[0]}"
        yield from (Text(), *_proposed("Why one is dead, and its id:", command))


def page_view(document: Document, page: LedgerPage) -> Iterator[RenderableType]:
    """What `show batch` prints of one page: its items in their order, and the command that shows the next ones."""
    yield from _top(document)
    yield Text()
    if not document["items"]:
        yield Text("No item is on this page.", "dim")
        return
    _, _, columns, row_of = _SECTIONS[0]
    made = table(None, *columns)
    for item in document["items"]:
        made.add_row(*row_of(item))
    yield made
    if document["page"]["more"]:
        yield from _proposed("The next page:", page_command(document["batchId"], page, document["page"]["after"]))


def page_command(batch_id: str, page: LedgerPage, after: int | None = None) -> str:
    """What somebody types to see a page that begins behind this index, in lines that are short enough to be copied."""
    begin, limit = f"  {PROGRAM} show batch {batch_id}", f"--limit {page.limit}"
    if after is None:
        return f"{begin} {limit}"
    outcomes = " ".join(f"--outcome {outcome.value}" for outcome in page.outcomes)
    return " \\\n    ".join(line for line in (begin, outcomes, f"--after {after} {limit}") if line)


def _top(document: Document) -> Iterator[RenderableType]:
    yield _headline(document)
    if "createdAt" in document:
        yield from _origin(document)
    yield _counts(document["counts"])


def _origin(document: Document) -> Iterator[RenderableType]:
    """Who sent a batch and when, how long it took and how fast it was applied, what it cost, and its relatives."""
    user = f" by user {document['userId']}" if document["userId"] is not None else ""
    source = f" ({plain(document['source'])})" if document["source"] else ""
    yield Text(f"Sent{user}{source} at {document['createdAt']}, {document['lane']} lane", "dim")
    applying = next(one for one in document["phases"] if one["phase"] == PhaseName.APPLYING)
    if applying["seconds"] is not None:
        length = span(applying["seconds"])
        rate = f", {pace(applying['perSecond'])} items/s" if applying["perSecond"] else ""
        yield Text(f"Applied in {length}{rate}" if document["finishedAt"] else f"Begun {length} ago{rate}", "dim")
    if "llm" in document:
        calls, tokens = (document["llm"][name] for name in ("calls", "tokens"))
        yield Text(f"Asked a language model: {calls:,} calls, {tokens:,} tokens", "dim")
    if document["parentId"]:
        yield Text(f"Retries what failed in batch {document['parentId']}", "dim")
    for child in document["children"]:
        yield Text(f"What failed was retried in batch {child}", "dim")


def accepted_view(document: Document) -> list[RenderableType]:
    """What `enqueue` prints when nobody waits."""
    after = f"`{PROGRAM} show batch {document['batchId']}` tells what becomes of it."
    return [_headline(document), Text(after, "dim")]


def _headline(document: Document) -> Text:
    state = str(document["state"])
    name = f"Batch {document['batchId']} " if document["batchId"] else "Dry run "
    return Text.assemble((name, "bold"), (state, STYLES.get(state, "")))


def _counts(counts: Mapping[str, int]) -> Text:
    words = {"refreshScheduled": "refresh scheduled", "refreshSkipped": "refresh skipped"}
    told = [(words.get(name, name), count) for name, count in counts.items() if count or name == "received"]
    return Text(", ".join(f"{count:,} {word}" for word, count in told))


def _section(
    document: Document,
    name: str,
    state: str,
    columns: Sequence[str],
    row_of: Callable[[Document], Sequence[Text]],
) -> Iterator[RenderableType]:
    rows = document[name]
    counts = document.get(_TOTALS.get(name, ""), Counter(row[state] for row in rows))
    tally = ", ".join(f"{count:,} {word}" for word, count in counts.items())
    shown = sorted(rows, key=lambda one: one[state] not in _TROUBLE)[:MOST_ROWS]
    made = table(None, *columns)
    for row in shown:
        made.add_row(*row_of(row))
    yield Text()
    yield Text("Items" if name == "items" else f"{name.title()}: {tally}", "bold")
    yield made
    yield from _left_out(document, name, len(shown), sum(counts.values()))


def _left_out(document: Document, name: str, shown: int, total: int) -> Iterator[RenderableType]:
    """How many rows are not shown, and how to see them."""
    if name == "items" and "phases" in document:
        total = sum(document["counts"].values()) - document["counts"]["received"]
        if total > shown:
            command = page_command(document["batchId"], LedgerPage(limit=PAGE))
            yield from _proposed(f"and {total - shown:,} more; page by page, in their order:", command)
    elif total > shown:
        yield Text(f"and {total - shown:,} more; --json has all", "dim")


def _proposed(sentence: str, command: str) -> Iterator[RenderableType]:
    yield Text(sentence, "dim")
    yield Text(command, "dim")


def _item(item: Document) -> Sequence[Text]:
    return cell(item["index"]), cell(item["id"]), _word(item["outcome"]), cell(_what(item))


def _what(item: Document) -> str:
    """Errors, else the reason, else what changed; and what was left aside for another reason than being computed."""
    if item["errors"]:
        return "; ".join([*(_error(error) for error in item["errors"]), *_current(item.get("current"))])
    told = item["reason"] or _difference(item.get("difference")) or ", ".join(item["changedFields"])
    return "; ".join([*([told] if told else []), *_ignored(item["ignoredFields"])])


def _error(error: Document) -> str:
    place = f"{error['field']}: " if error["field"] else ""
    return f"{place}{error['message']} ({error['code']})"


def _current(values: Mapping[str, object] | None) -> Iterator[str]:
    """What the ticket of a conflict had instead."""
    if values:
        yield "the ticket had " + ", ".join(f"{name} {_brief(value)}" for name, value in values.items())


def _difference(fields: Sequence[Document] | None) -> str:
    """What a dry run would change."""
    return ", ".join(f"{one['field']} {_brief(one['old'])} → {_brief(one['new'])}" for one in fields or ())


def _brief(value: object) -> str:
    """A value within a sentence; what is told by its size alone is told so."""
    if isinstance(value, Mapping) and value and value.keys() <= _SIZES:
        return ", ".join(f"{size} {unit}" for unit, size in value.items())
    text = " ".join(plain(value).split())
    return text if len(text) <= BRIEF else f"{text[: BRIEF - 1]}…"


def _ignored(fields: Sequence[Document]) -> Iterator[str]:
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for one in fields:
        reasons[one["reason"]].append(one["field"])
    reasons.pop(IgnoredReason.COMPUTED, None)
    for reason, names in reasons.items():
        yield f"{', '.join(names) if len(names) <= MOST_NAMES else f'{len(names)} fields'}: {reason}"


def stages_told(stages: Sequence[Document]) -> str:
    """What the stages of a run did: those that wrote something by name, those that changed nothing by number."""
    unchanged = sum(one["state"] == StageState.UNCHANGED for one in stages)
    done = [one["stage"] for one in stages if one["state"] == StageState.DONE]
    others = [one for one in stages if one["state"] not in {StageState.UNCHANGED, StageState.DONE}]
    told = [f"{', '.join(done)} done"] if done else []
    told += [f"{one['stage']} {one['state']}{' (' + one['reason'] + ')' if one['reason'] else ''}" for one in others]
    return "; ".join([*told, *([f"{unchanged} unchanged"] if unchanged else [])])


def _refresh(run: Document) -> Sequence[Text]:
    stages = cell(stages_told(run["stages"]))
    return cell(run["ticketId"]), cell(run["mode"]), _word(run["state"]), cell(run["reason"]), stages


def _webhook(one: Document) -> Sequence[Text]:
    last = (cell(one[name]) for name in ("attempts", "status", "error"))
    return cell(one["ticketId"]), cell(one["endpointId"]), _word(one["state"]), *last


def _word(word: str) -> Text:
    return cell(word, STYLES.get(word, ""))


_SECTIONS: tuple[tuple[str, str, Sequence[str], Callable[[Document], Sequence[Text]]], ...] = (
    ("items", "outcome", ("##", "#Ticket", "@Outcome", "What"), _item),
    ("refreshes", "state", ("#Ticket", "Mode", "@State", "Reason", "Stages"), _refresh),
    ("webhooks", "state", ("#Ticket", "Endpoint", "@State", "#Attempts", "#Status", "Error"), _webhook),
)
"""Lists of a batch: the name, what tells how an entry ended, the columns, and how an entry becomes a row."""
