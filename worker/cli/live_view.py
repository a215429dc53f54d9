"""A batch at work, live on a terminal: a bar each for items, refreshes and webhooks, with pace and time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.text import Text

from worker.cli.phases_view import pace, span
from worker.domain.words import BatchState
from worker.storage.inspection import Progress

_REMARKS: dict[BatchState, str] = {
    BatchState.ACCEPTED: "accepted; it waits for its turn",
    BatchState.RUNNING: "running",
    BatchState.PAUSED: "paused; somebody has to resume it",
    BatchState.CANCELLED: "cancelled; what it has caused goes on",
    BatchState.DONE: "applied; what it has caused goes on",
}
"""What is said of a batch while it is watched."""

_STYLES: dict[BatchState, str] = {BatchState.PAUSED: "yellow", BatchState.CANCELLED: "red", BatchState.DONE: "green"}

_PARTS: dict[str, Callable[[Progress], tuple[int, int]]] = {
    "items": lambda seen: (seen.applied, seen.received),
    "refreshes": lambda seen: (seen.refreshes_ended, seen.refreshes),
    "webhooks": lambda seen: (seen.webhooks_ended, seen.webhooks),
}
"""What has a bar: how many have ended, of how many."""


class _Pace(ProgressColumn):
    """How many a second end, and how long the rest takes at that pace; nothing while nothing moves."""

    def render(self, task: Task) -> Text:
        if task.finished or not task.speed or not task.fields["moving"]:
            return Text()
        return Text(f"{pace(task.speed)}/s, {span((task.remaining or 0) / task.speed)} left", "cyan")


@dataclass(slots=True)
class LiveView:
    """What is drawn; `see` and `miss` are told what a look has found."""

    batch_id: str
    bars: Bars = field(default_factory=lambda: Bars(*_columns()))
    tasks: dict[str, TaskID] = field(default_factory=dict)
    remark: Text = field(default_factory=lambda: Text("waiting for a worker"))

    def see(self, progress: Progress | None) -> None:
        """Draw how far the batch has come; None while no worker has accepted it."""
        if progress is None:
            return
        self.remark = Text(_REMARKS[progress.state], _STYLES.get(progress.state, ""))
        halted = progress.state is BatchState.PAUSED
        for name, count in _PARTS.items():
            ended, total = count(progress)
            if name not in self.tasks and total:
                self.tasks[name] = self.bars.add_task(name, total=total, completed=ended, moving=True)
            elif name in self.tasks:
                moving = not (halted and name == "items")
                self.bars.update(self.tasks[name], completed=ended, total=total, moving=moving)

    def miss(self) -> None:
        """Say that a look has found no server."""
        self.remark = Text("a server is away; trying again", "yellow")

    def __rich__(self) -> Group:
        """The state in a line, the bars below."""
        return Group(Text.assemble((f"Batch {self.batch_id} ", "bold"), self.remark), self.bars)


def _columns() -> list[ProgressColumn]:
    return [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(24), MofNCompleteColumn(), _Pace()]


@contextmanager
def live_view(batch_id: str, *, quiet: bool) -> Iterator[LiveView]:
    """Draws on stderr when that is a terminal, and leaves nothing behind; nothing elsewhere or when it is `quiet`."""
    view = LiveView(batch_id)
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield view
        return
    with Live(view, console=console, transient=True, refresh_per_second=8):
        yield view
