"""The faults: each strikes in the middle of the work, and says what it missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from config.routing import TaskName
from tests.faults.plan import Plan
from tests.faults.site import PATIENCE, Site, shares
from tests.faults.work import Work, one_batch, two_batches
from tests.services.waiting import wait_until
from worker.storage.tables import BatchRow


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is sent, and what happens meanwhile: `strike` leaves workers alive, and yields what did not go as meant."""

    work: Callable[[Plan], Work]
    strike: Callable[[Site, Plan], Iterator[str]]


def _workers_killed(site: Site, plan: Plan) -> Iterator[str]:
    """All processes of the worker at once, again and again; once its children alone."""
    site.send()
    site.hire()
    for blow, share in enumerate(shares(plan.blows)):
        yield from _wait(site, share)
        if blow % 2:
            site.kill_children()
        else:
            site.kill_workers()
            yield from _hit(site)
            site.hire()


def _children_killed(site: Site, plan: Plan) -> Iterator[str]:
    site.send()
    site.hire()
    for share in shares(plan.blows * 2):
        yield from _wait(site, share)
        site.kill_children()
        yield from _hit(site)


def _database_away(site: Site, plan: Plan) -> Iterator[str]:
    site.send()
    site.hire()
    yield from _wait(site, 1 / 4)
    yield from _hit(site)
    site.faulty.away(plan.away)


def _broker_emptied(site: Site, plan: Plan) -> Iterator[str]:
    site.send()
    site.hire()
    for share in shares(plan.blows):
        yield from _wait(site, share)
        yield from _hit(site)
        site.broker.client.flushall()


def _broker_lost(site: Site, plan: Plan) -> Iterator[str]:
    """Killed, and started again without what it held."""
    site.send()
    site.hire()
    for share in shares(plan.blows):
        yield from _wait(site, share)
        yield from _hit(site)
        site.lose_the_broker()


def _two_batches(site: Site, _plan: Plan) -> Iterator[str]:
    """By two workers, nothing else in their way."""
    site.hire(2)
    if not wait_until(lambda: all(" ready." in log for log in site.logs), PATIENCE):
        yield "the workers are not ready"
    site.send()
    if not site.wait_for_the_end():
        return
    with site.database.read() as connection:
        first_ended = connection.scalar(select(func.min(BatchRow.finished_at)))
        last_began = connection.scalar(select(func.max(BatchRow.started_at)))
    at_once = last_began is not None and first_ended is not None and last_began < first_ended
    if not at_once or not all(TaskName.RESUME_BATCH in log for log in site.logs):
        yield "the batches were not applied at the same time by both workers"
    for batch in site.work.batches:
        status = site.broker.result(batch.key).get("status")
        if status != "SUCCESS":
            yield f"the sender of {batch.key} is told {status}"
    if any("task_attempt_failed" in log for log in site.logs):
        yield "a task failed"


def _wait(site: Site, share: float) -> Iterator[str]:
    if not site.wait_for(share):
        yield f"{share:.0%} of the work was not done in time"


def _hit(site: Site) -> Iterator[str]:
    """A fault proves nothing when nothing is under way."""
    if site.settled():
        yield "it came too late"


SCENARIOS: Mapping[str, Scenario] = {
    "workers_killed": Scenario(one_batch, _workers_killed),
    "children_killed": Scenario(one_batch, _children_killed),
    "database_away": Scenario(one_batch, _database_away),
    "broker_emptied": Scenario(one_batch, _broker_emptied),
    "broker_lost": Scenario(one_batch, _broker_lost),
    "two_batches": Scenario(two_batches, _two_batches),
}
