"""A batch as tables: the counts, how items ended, refreshes and webhooks; long lists are cut, trouble comes first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from worker.cli.options import PROGRAM
from worker.cli.output import cell, table
from worker.domain.words import BatchState, DeliveryState, IgnoredReason, Outcome, RunState, StageState

MOST_ROWS = 15
"""Rows of one table; --json has all."""

MOST_NAMES = 3
"""Fields of one reason that are named; more are counted."""

STYLES: dict[str, str] = {
    BatchState.DONE: "green",
    BatchState.CANCELLED: "red",
    BatchState.PAUSED: "yellow",
    Outcome.UPDATED: "green",
    Outcome.REFRESH_SCHEDULED: "green",
    Outcome.REFRESH_SKIPPED: "yellow",
    Outcome.REJECTED: "red",
    RunState.SKIPPED: "yellow",
    RunState.FAILED: "red",
    DeliveryState.DELIVERED: "green",
    DeliveryState.DEAD: "red",
}
"""Colours of the words of batches, items, runs and deliveries."""

_TROUBLE = frozenset({Outcome.REJECTED.value, RunState.FAILED.value, DeliveryState.DEAD.value})

Document = Mapping[str, Any]


def batch_view(document: Document) -> Iterator[RenderableType]:
    """What `show batch` and `enqueue --wait` print for people."""
    yield _headline(document)
    yield _counts(document["counts"])
    for name, state, columns, row_of in _SECTIONS:
        if document[name]:
            yield from _section(name, document[name], state, columns, row_of)


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
    return Text(", ".join(f"{count} {word}" for word, count in told))


def _section(
    name: str,
    rows: Sequence[Document],
    state: str,
    columns: Sequence[str],
    row_of: Callable[[Document], Sequence[Text]],
) -> Iterator[RenderableType]:
    tally = ", ".join(f"{count} {word}" for word, count in Counter(row[state] for row in rows).items())
    made = table(None, *columns)
    for row in sorted(rows, key=lambda one: one[state] not in _TROUBLE)[:MOST_ROWS]:
        made.add_row(*row_of(row))
    yield Text()
    yield Text(name.title() if name == "items" else f"{name.title()}: {tally}", "bold")
    yield made
    if len(rows) > MOST_ROWS:
        yield Text(f"and {len(rows) - MOST_ROWS} more; --json has all", "dim")


def _item(item: Document) -> Sequence[Text]:
    return cell(item["index"]), cell(item["id"]), _word(item["outcome"]), cell(_what(item))


def _what(item: Document) -> str:
    """Errors, else the reason, else what changed; and what was left aside for another reason than being computed."""
    if item["errors"]:
        return "; ".join(_error(error) for error in item["errors"])
    told = item["reason"] or ", ".join(item["changedFields"])
    return "; ".join([*([told] if told else []), *_ignored(item["ignoredFields"])])


def _error(error: Document) -> str:
    place = f"{error['field']}: " if error["field"] else ""
    return f"{place}{error['message']} ({error['code']})"


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
    ("items", "outcome", ("##", "#Ticket", "Outcome", "What"), _item),
    ("refreshes", "state", ("#Ticket", "Mode", "State", "Reason", "Stages"), _refresh),
    ("webhooks", "state", ("#Ticket", "Endpoint", "State", "#Attempts", "#Status", "Error"), _webhook),
)
"""Lists of a batch: the name, what tells how an entry ended, the columns, and how an entry becomes a row."""
