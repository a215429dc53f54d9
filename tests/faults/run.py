"""One fault, from a fresh site to the verdict."""

from __future__ import annotations

from pathlib import Path

from tests.faults.databases import Faulty
from tests.faults.plan import Plan
from tests.faults.scenarios import Scenario
from tests.faults.site import opened
from tests.faults.verdict import Verdict, judge


def strike(scenario: Scenario, faulty: Faulty, plan: Plan, folder: Path) -> Verdict:
    """Lets the fault happen in the middle of the work, waits for the end of everything, and judges."""
    with opened(folder, faulty, scenario.work(plan)) as site:
        missed = list(scenario.strike(site, plan))
        ended = site.wait_for_the_end()
        verdict = judge(site)
        verdict.complaints[:0] = missed if ended else [*missed, "not everything has ended in time"]
        return verdict
