"""The command `check`: tries everything once and says what to do about what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from config.settings import load_settings
from worker.app import app
from worker.cli.findings import Finding, State, Surroundings
from worker.cli.options import Exit
from worker.cli.output import answer, cell, table
from worker.cli.probes import PROBES, find
from worker.cli.session import open_context

_STYLES = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "red", State.AWAY: "red"}
_HANGING_ON = {"schema": "database", "dead letters": "schema", "workers": "broker", "beat": "redis"}
"""What need not be tried when what it hangs on is not well."""


def check_all(*, as_json: bool) -> int:
    """Try all; exit code 3 when a server is away, 1 when something else is wrong. Warnings change nothing."""
    around = Surroundings(load_settings(), open_context, app)
    findings: dict[str, Finding] = {}
    for name in PROBES:
        if name not in _HANGING_ON or _is_well(findings.get(_HANGING_ON[name])):
            found = find(name, around)
            findings |= {} if found is None else {name: found}
    listed = list(findings.values())
    document = {
        "ok": not _is_wrong(listed),
        "checks": [
            {"name": one.name, "state": one.state.value, "detail": one.detail, "remedy": one.remedy} for one in listed
        ],
    }
    answer(document, lambda: [_table(listed)], as_json=as_json)
    if any(one.state is State.AWAY for one in listed):
        return Exit.SERVICE_AWAY
    return Exit.SOME_FAILED if _is_wrong(listed) else Exit.DONE


def _is_well(finding: Finding | None) -> bool:
    return finding is not None and finding.state in {State.OK, State.WARNING}


def _is_wrong(findings: Sequence[Finding]) -> bool:
    return not all(map(_is_well, findings))


def _table(findings: Sequence[Finding]) -> Table:
    made = table("Check", "What", "State", "Found", "What to do")
    for one in findings:
        made.add_row(cell(one.name), cell(one.state.value, _STYLES[one.state]), cell(one.detail), cell(one.remedy))
    return made
