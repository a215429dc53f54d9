"""Running a stage for one draft, so that what goes wrong there stays there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import structlog
from billiard.exceptions import SoftTimeLimitExceeded

from worker.domain.failures import Permanent, Transient
from worker.domain.words import Stage, StageState
from worker.operations.refresh.draft import Draft, Proposal
from worker.operations.refresh.reasons import Reason

T = TypeVar("T")
Work = Callable[[Draft], Proposal]

log = structlog.get_logger(__name__)


class Skip(Exception):  # noqa: N818 - it ends a stage, nothing went wrong
    """A stage has nothing to do here."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def guarded(stage: Stage, draft: Draft, work: Callable[[Draft], T]) -> T | None:
    """Run a part of a stage for one draft; what goes wrong stays with that draft, and the answer is None."""
    try:
        return work(draft)
    except Skip as skip:
        draft.close(stage, StageState.SKIPPED, skip.reason)
    except SoftTimeLimitExceeded:
        raise  # the whole task is out of time, not this ticket
    except (Transient, Permanent) as failure:
        draft.fail(stage, failure)
    except Exception as error:  # noqa: BLE001 - an engine's mistake on one ticket must not end the others
        # Without the message and the frames' values: they may hold what the customer wrote.
        log.warning("stage_failed", stage=stage.value, run_id=draft.run.id, error=type(error).__name__)
        draft.close(stage, StageState.FAILED, Reason.ENGINE_ERROR)
    return None


def attempt(stage: Stage, draft: Draft, work: Work) -> None:
    """Run a stage for one draft and keep its proposal."""
    proposal = guarded(stage, draft, work)
    if proposal is not None:
        draft.propose(stage, proposal)


def or_instead(stage: Stage, work: Work, instead: Work, attempts: int) -> Work:
    """The stage done `instead`, and marked so, when `work` fails for good, is too slow or fails for the last time."""

    def either(draft: Draft) -> Proposal:
        try:
            return work(draft)
        except (Transient, Permanent) as failure:
            if type(failure) is Transient and draft.run.attempt < attempts:
                raise
            reason = failure.reason
        log.info("stage_done_by_embedded_engine", stage=stage.value, run_id=draft.run.id, reason=reason)
        return replace(instead(draft), reason=Reason.DONE_BY_EMBEDDED_ENGINE)

    return either
