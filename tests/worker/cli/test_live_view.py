"""The live view of a batch: what its lines say while the batch goes on."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from worker.cli.live_view import LiveView, live_view
from worker.domain.words import BatchState
from worker.storage.inspection import Progress


def drawn(view: LiveView, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(view)
    file = console.file
    assert isinstance(file, io.StringIO)
    return [line.rstrip() for line in file.getvalue().splitlines() if line.strip()]


def progress(state: BatchState, *counts: int) -> Progress:
    """Counts: items applied of those received, then refreshes and webhooks that have ended of all."""
    applied, received, refreshes_ended, refreshes, webhooks_ended, webhooks = (*counts, 0, 0, 0, 0)[:6]
    return Progress(state, "digest", received, applied, refreshes, refreshes_ended, webhooks, webhooks_ended)


def test_a_batch_that_nobody_has_accepted_waits_for_a_worker() -> None:
    view = LiveView("0b6f")

    view.see(None)

    assert drawn(view) == ["Batch 0b6f waiting for a worker"]


def test_only_what_the_batch_has_gets_a_bar() -> None:
    view = LiveView("0b6f")

    view.see(progress(BatchState.RUNNING, 3, 10, 0, 0, 1, 2))

    head, items, webhooks = drawn(view)
    assert head == "Batch 0b6f running"
    assert "items" in items
    assert "3/10" in items
    assert "webhooks" in webhooks
    assert "1/2" in webhooks


def test_what_is_caused_later_gets_its_bar_then() -> None:
    view = LiveView("0b6f")
    view.see(progress(BatchState.RUNNING, 3, 10))

    view.see(progress(BatchState.DONE, 10, 10, 1, 4))

    assert [line.split()[-1] for line in drawn(view)[1:]] == ["10/10", "1/4"]
    assert "applied" in drawn(view)[0]


@pytest.mark.parametrize(
    ("state", "words"), [(BatchState.PAUSED, "somebody has to resume it"), (BatchState.CANCELLED, "cancelled")]
)
def test_a_batch_that_somebody_holds_is_said_to_be_held(state: BatchState, words: str) -> None:
    view = LiveView("0b6f")

    view.see(progress(state, 3, 10))

    assert words in drawn(view)[0]


def test_a_server_that_is_away_is_told_until_it_is_back() -> None:
    view = LiveView("0b6f")
    view.see(progress(BatchState.RUNNING, 3, 10))

    view.miss()
    away = drawn(view)
    view.see(progress(BatchState.RUNNING, 4, 10))

    assert "is away" in away[0]
    assert "3/10" in away[1]
    assert drawn(view)[0] == "Batch 0b6f running"


def test_a_bar_tells_its_pace_and_the_time_left() -> None:
    view = LiveView("0b6f")
    now = [0.0]
    view.bars.get_time = lambda: now[0]
    for applied in (0, 100, 200):
        view.see(progress(BatchState.RUNNING, applied, 1200))
        now[0] += 1

    assert drawn(view)[1].endswith("100/s, 10 s left")
    view.see(progress(BatchState.PAUSED, 200, 1200))
    assert drawn(view)[1].endswith("200/1200")


@pytest.mark.parametrize("width", [80, 120])
def test_bars_of_large_batches_fit_the_terminal(width: int) -> None:
    view = LiveView("0b6f6c3e-1d0a-5c1c-9a43-0f4c5a7f2d11")
    now = [0.0]
    view.bars.get_time = lambda: now[0]
    for ended in (0, 20_000, 40_000):
        view.see(progress(BatchState.RUNNING, ended, 100_000, ended, 100_000, ended, 100_000))
        now[0] += 1

    lines = drawn(view, width)
    assert len(lines) == 4
    assert all("…" not in line for line in lines)


def test_nothing_is_drawn_without_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with live_view("0b6f", quiet=False) as view:
        view.see(progress(BatchState.RUNNING, 3, 10))

    assert capfd.readouterr() == ("", "")
