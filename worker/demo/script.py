"""What the demonstration does, as a user would: commands of `python -m worker`, one after the other."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from config.settings import Settings
from worker.demo.processes import ROOT, free_port, processes
from worker.demo.receiver import Receiver, receiver

DATA = Path(__file__).parent / "data"
SHOWN = ("376189", "376146")
"""The page's ticket, whose tags are detected anew, and one that goes through every stage: shown before and after."""

BATCHES: tuple[tuple[str, str], ...] = (
    ("a-example.json", "The published page's example, verbatim: a refresh of mode tags"),
    ("b-save.json", "Changes to 100 tickets, saved"),
    ("c-refresh.json", "Refreshes of every mode"),
    ("d-mistakes.json", "Every mistake an item can make, between good items"),
    ("e-spam.json", "Automatic spam marks against people's"),
)
LONGEST_SHOWN = 160
"""Characters of a value in the table of differences."""

SOME_REJECTED = 1
"""Exit code of a command that did its work with items rejected; the fourth batch is made for it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demonstration runs."""

    console: Console
    environment: Mapping[str, str]

    def run(self, *arguments: str, allowed: Sequence[int] = (0,)) -> None:
        """Run a command in front of everybody."""
        self.console.print(f"[bold]$ python -m worker {shlex.join(arguments)}[/]")
        code = subprocess.run(_command(arguments), cwd=ROOT, env=dict(self.environment), check=False).returncode  # noqa: S603 - our own commands
        if code not in allowed:
            raise SystemExit(code)

    def ask(self, *arguments: str) -> Any:  # noqa: ANN401 - a JSON document
        """Run a command for its JSON."""
        done = subprocess.run(  # noqa: S603 - our own commands
            _command([*arguments, "--json"]), cwd=ROOT, env=dict(self.environment), check=True, capture_output=True
        )
        return json.loads(done.stdout)


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "worker", *arguments]


def demonstrate(settings: Settings) -> None:
    """Load the demo data, send the five batches to real processes, and show what became of them."""
    console = Console()
    port = free_port()
    environment = os.environ | {"TICKETS_FLOWER_PORT": str(port), "TICKETS_WEBHOOK_ALLOWED_HOSTS": "127.0.0.1"}
    stage = Stage(console, environment)
    with receiver() as hook:
        stage.run("migrate")
        _load(stage, hook, enabled=True)
        with processes(environment, settings.data_dir / "demo"):
            console.print(f"Worker, beat and Flower run; Flower: http://127.0.0.1:{port}, login {settings.flower_user}")
            try:
                _perform(stage)
            finally:
                _load(stage, hook, enabled=False)
        _tell_of_webhooks(console, hook)


def _load(stage: Stage, hook: Receiver, *, enabled: bool) -> None:
    """Load data and the receiver; at the end the receiver is switched off, for nobody listens there any more."""
    endpoint = {"id": "demo", "url": hook.url, "secret": hook.secret, "events": ["ticketUpdated"], "enabled": enabled}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"webhooks": [endpoint]}, file)
        file.flush()
        if enabled:
            for name in ("master.json", "tickets.json"):
                stage.run("load", str((DATA / name).relative_to(ROOT)))
        stage.ask("load", file.name)


def _perform(stage: Stage) -> None:
    before = stage.ask("show", "ticket", *SHOWN)
    marks = _marks(stage)
    for name, title in BATCHES:
        stage.console.print(Rule(f"[bold]{title}[/]"))
        path = str((DATA / "batches" / name).relative_to(ROOT))
        stage.run("enqueue", path, "--wait", "--timeout", "180", allowed=(0, SOME_REJECTED))
    stage.console.print(Rule("[bold]Two tickets before and after[/]"))
    for old, new in zip(before, stage.ask("show", "ticket", *SHOWN), strict=True):
        stage.console.print(_difference(old, new))
    stage.console.print(Rule("[bold]Manual spam marks stand[/]"))
    stage.console.print(_kept(marks, _marks(stage)))


def _marks(stage: Stage) -> dict[int, str | None]:
    items = json.loads((DATA / "batches" / "e-spam.json").read_text())
    ids = dict.fromkeys(str(item["id"]) for item in items)
    return {ticket["id"]: ticket["spamStatus"] for ticket in stage.ask("show", "ticket", *ids)}


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Table:
    table = Table("field", "before", "after", title=f"Ticket {before['id']}")
    hidden = {"tags", "customer", "modifiedAt"}  # objects that repeat what their ids say
    for name in after:
        if name not in hidden and before.get(name) != after[name]:
            table.add_row(name, _short(before.get(name)), _short(after[name]))
    return table


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


def _kept(before: Mapping[int, str | None], after: Mapping[int, str | None]) -> Table:
    table = Table("ticket", "before", "sent, in order", "after", title="spamStatus")
    items = json.loads((DATA / "batches" / "e-spam.json").read_text())
    for ticket_id, old in before.items():
        sent = [str(item["spamStatus"]) for item in items if item["id"] == ticket_id and "spamStatus" in item]
        table.add_row(str(ticket_id), str(old), ", ".join(sent), str(after[ticket_id]))
    return table


def _tell_of_webhooks(console: Console, hook: Receiver) -> None:
    console.print(
        f"{len(hook.verified)} webhooks arrived and verified, {hook.refused} did not. "
        "The data stays: try `python -m worker show ticket 376189 --history`."
    )
