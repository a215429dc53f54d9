"""Why a refresh run is as it is: a sentence for each state, merge and reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy import RowMapping

from worker.domain.words import ActorType, RunState, StageState
from worker.operations.explanation.wording import author, listed, moment
from worker.operations.refresh.reasons import Reason
from worker.storage.explanation import Write
from worker.storage.runs import COVERED, SAME

RUNS: dict[RunState, str] = {
    RunState.WAITING: "It waits for a worker.",
    RunState.RUNNING: "It is under way, attempt {attempt}.",
    RunState.DONE: "It ended at {at}.",
    RunState.SKIPPED: "It was skipped, because {reason}.",
    RunState.MERGED: "It was merged into run {into}, because {reason}.",
    RunState.FAILED: "It failed, because {reason}.",
}

MERGED: dict[str, str] = {
    SAME: "one of the same mode waited already",
    COVERED: "a full refresh covers this mode",
}

REASONS: dict[Reason, str] = {
    Reason.CHANGED_BY_PERSON: "a person changed it after the run had begun",
    Reason.CUSTOMER_CONFIRMED: "a person had confirmed the customer",
    Reason.DONE_BY_EMBEDDED_ENGINE: "the embedded engine did what the model could not",
    Reason.ENGINE_ERROR: "the engine made a mistake on this ticket",
    Reason.INPUTS_UNCHANGED: "nothing that its last result rests on has changed; `rerun --force` looks again",
    Reason.MANUAL_SPAM_STATUS_KEPT: "a person had set the spam status, which no automatic one overwrites",
    Reason.NO_NEW_CUSTOMER: "no other customer or contract was found",
    Reason.NO_TEXT: "the ticket has no text",
    Reason.SPAM: "the ticket is marked as spam",
    Reason.UNDECIDED: "the engine came to no decision",
    Reason.WORKER_LOST: "every process that took it up was lost",
}
"""Why a run or a stage ended as it did; failures of engines bring codes of their own, which are told as they are."""

STAGES: dict[StageState, str] = {
    StageState.DONE: "Wrote something: {stages}.",
    StageState.UNCHANGED: "Found what the ticket had already: {stages}.",
    StageState.SKIPPED: "Left out: {stages}, because {reason}.",
    StageState.SUPERSEDED: "Not written: {stages}, because {reason}.",
    StageState.FAILED: "Failed: {stages}, because {reason}.",
}

_BEGUN = frozenset({RunState.DONE, RunState.FAILED})
"""States of runs whose stages tell more than the run."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Runs:
    """All runs of a ticket by id, its writes, and the dead letters of runs."""

    by_id: Mapping[str, RowMapping]
    writes: Sequence[Write]
    letters: Mapping[str, int]
    zone: tzinfo


def explained_run(run: RowMapping, known: Runs) -> Document:
    """A run with the reasons for its state."""
    return {
        "runId": run["id"],
        "mode": run["mode"],
        "state": run["state"],
        "reason": run["reason"],
        "mergedInto": run["merged_into"],
        "stages": run["stages"],
        "why": list(_why(run, known)),
    }


def _why(run: RowMapping, known: Runs) -> Iterator[str]:
    state = RunState(run["state"])
    yield RUNS[state].format(
        attempt=run["attempt"],
        at=moment(run["finished_at"], known.zone),
        reason=_reason(run["reason"]),
        into=run["merged_into"],
    )
    if state is RunState.MERGED:
        yield from _covering(run, known)
    if state is RunState.RUNNING and run["reason"] is not None:
        yield f"That attempt failed, because {_reason(run['reason'])}; tried again at {_lease(run, known)}."
    if state is RunState.WAITING:
        yield from _held_up(run, known)
    if state in _BEGUN:
        yield from _stages(run["stages"])
        yield from _meanwhile(run, known)
    if state is RunState.FAILED:
        yield _letter(known.letters.get(run["id"]))


def _reason(code: str | None) -> str:
    if code is None:
        return "the run did not come to it"
    return MERGED.get(code) or (REASONS[Reason(code)] if code in set(Reason) else f"of {code}")


def _lease(run: RowMapping, known: Runs) -> str:
    return moment(run["lease_until"], known.zone)


def _covering(run: RowMapping, known: Runs) -> Iterator[str]:
    """What became of the run that stands for a merged one."""
    into = known.by_id.get(run["merged_into"])
    if into is None:
        yield "That run is no longer kept."
        return
    whose = f" of batch {into['batch_id']}" if into["batch_id"] not in {None, run["batch_id"]} else ""
    yield f"That run{whose}, mode {into['mode']}, is {into['state']}."
    yield from _why(into, known)


def _held_up(run: RowMapping, known: Runs) -> Iterator[str]:
    others = [one["id"] for one in known.by_id.values() if one["state"] == RunState.RUNNING and one["id"] != run["id"]]
    if others:
        yield f"Run {others[0]} of the same ticket goes first; runs of a ticket follow one another."


def _stages(stages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    alike: defaultdict[tuple[StageState, str | None], list[str]] = defaultdict(list)
    for one in stages:
        alike[StageState(one["state"]), one["reason"]].append(one["stage"])
    for (state, reason), names in alike.items():
        told = STAGES[state].format(stages=listed(names), reason=_reason(reason))
        # Only those sentences lack a reason which seldom have one.
        yield told if reason is None or "{reason}" in STAGES[state] else f"{told[:-1]}; {_reason(reason)}."


def _meanwhile(run: RowMapping, known: Runs) -> Iterator[str]:
    """Whose change a superseded stage gave way to."""
    if not any(one["state"] == StageState.SUPERSEDED for one in run["stages"]):
        return
    since, until = run["ticket_version"], run["finished_at"]
    for write in known.writes:
        by_person = write.actor_type is ActorType.USER and write.version > since
        if by_person and (until is None or write.at <= until):
            yield f"Meanwhile {author(write)} changed {listed(write.fields)}, at {moment(write.at, known.zone)}."


def _letter(number: int | None) -> str:
    if number is None:
        return "Its dead letter is gone: somebody has tried it again or dropped it."
    return f"Dead letter {number} can be tried again."
