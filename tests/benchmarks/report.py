"""Writes `docs/benchmarks.md` and the plot beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks.plan import Plan
from tests.benchmarks.plot import rates, svg
from tests.benchmarks.results import Result, number
from tests.benchmarks.sweeping import DUE, FEW

DOCS = Path(__file__).parents[2] / "docs"

_PAGE = """\
# Benchmarks

Written by `make bench ARGS=--write-docs`; the figures are from one run on the machine below. What counts is the ratio
of two ways that ran in turn, within minutes, on the same machine: larger is better, and the goal is the least that is
good enough.

![Tickets saved a second, by database, size and way](benchmarks.svg)

{results}

| machine | |
|---|---|
{machine}

## What the rows mean

Every ticket of a batch gets another patch of two to six fields: status, priority, agent, subject, summary, due date,
customer and contract, tags, spam mark, escalation, additional data. About 3 % change nothing and 1 % are rejected. Each
run starts from a fresh copy of the same database, analysed and checkpointed: a PostgreSQL server of the benchmark's own
with its default durability (fsync on; `shared_buffers` 512 MB, `max_wal_size` 8 GB), or a SQLite file with the
program's own pragmas. The time goes from the bytes of the batch to the committed ledger.
What stands in the table is the median of the repeats: {repeats}.
Afterwards the outcomes are counted, and a test holds that all three ways leave the same rows behind. All of them run in
one process that looks for garbage in cycles as rarely as a worker's does.

- **save_vs_orm**: against one ORM transaction a ticket, the way such workers are commonly written: a pydantic model, a
  session, the row under lock, changes, history, worklog, event, delivery and ledger as objects, a commit. The baseline
  leaves out the inbox that the program writes first. For batches of more than {sample} tickets it saves that many, in a
  database of the batch's size, and its rate stands for all.
- **save_vs_floor**: against bare SQL that is told what to write. It decodes the batch with orjson, reads what history
  needs and writes the same rows in chunks of the same size: by COPY and one UPDATE from a JSON recordset on PostgreSQL,
  by prepared statements over lists on SQLite. It validates nothing, compares nothing, and keeps no inbox.
- **flat**: the rate at the largest size against that at the smallest.
- **memory**: the peak (VmHWM, Linux) of the processes that apply batches in a real worker, a batch of {large} tickets
  being one message; **memory_main**: that of the process which takes the message in and hands it to them, and which has
  loaded the models that they share. By default a batch has 10,000 items at most. The baseline is the limit.
- **single_patch_p95**: the 95th percentile of a single patch, from being sent to being saved, while that worker, with
  as many processes as by default, applies the batch of {large} tickets and delivers their webhooks; against the same
  worker idle.
- **dispatch**: so many refreshes asked for, written down with their outbox and sent, against as many calls of
  `apply_async` of the same task, which are written down nowhere. A message carries many runs: 500 of `tagsRuleBased`,
  20 of `full`.
- **deliver**: webhooks a second to a receiver on this machine, claimed, signed, sent in order and recorded by one
  process, against a bare httpx client that posts the same bodies from as many threads over as many connections.
- **deliver_beside_dead**: the same while a second endpoint, which takes connections and never answers, is to get as
  many; against the run without it.
- **tagsRuleBased_vs_one_each**: refreshes by rules alone, from being asked for to being written by a real worker, in
  messages of 500; against the same worker with a message each, of which a thousand stand for all.
- **embedded_full**: full refreshes by the embedded engine in one process, with the demonstration's tags and AI agents.
  The baseline is the one core that it has.
- **llm_in_flight**: `summaryAndText` in one process that asks a model on this machine which answers after 300 ms. The
  baseline is what the calls in flight allow (`TICKETS_LLM_CALLS_IN_FLIGHT`) if nothing else took time.
- **child_memory**: the memory that a child of a real worker shares with no other process, at its most: private pages by
  `smaps` (Linux only), looked at after every 200 of so many full refreshes by the embedded engine. Models and
  code are loaded before the fork, and shared. The baseline is the limit.
- **sweep**: a sweep that reopens {due} pending tickets which are due, among {swept} tickets, against the same sweep
  among {few}; its query's plan stands below.

## Plans

{plans}

## Running it

```
make bench                             # writes build/bench.json; a quarter of an hour on two cores
make bench ARGS="--quick"              # smaller sizes, to try it
make bench ARGS="--only save_vs_floor,flat"
make bench ARGS="--profile"            # where the time goes at 10,000 tickets
```

It needs a quiet machine: whatever else runs takes its share from both ways, but not equally.
"""


def write_docs(results: Sequence[Result], about: Mapping[str, str], plan: Plan) -> None:
    """Both files anew."""
    repeats = ", ".join(f"{times} at {size:,}" for size, times in plan.repeats.items())
    page = _PAGE.format(
        results="\n".join(_table(results)),
        machine="\n".join(f"| {name} | {value} |" for name, value in about.items()),
        repeats=repeats,
        sample=f"{plan.sample:,}",
        large=f"{plan.large:,}",
        swept=f"{plan.swept:,}",
        due=f"{DUE:,}",
        few=f"{FEW:,}",
        plans="\n\n".join(_details(one) for one in results if one.details),
    )
    (DOCS / "benchmarks.md").write_text(page)
    (DOCS / "benchmarks.svg").write_text(svg(rates(results)))


def _details(result: Result) -> str:
    return f"{result.name}, {result.database}:\n\n```\n{result.details}\n```"


def _table(results: Sequence[Result]) -> list[str]:
    lines = [
        "| name | database | n | ours | baseline | unit | ratio | goal | met |",
        "|---|---|--:|--:|--:|---|--:|--:|---|",
    ]
    for one in results:
        figures = " | ".join(map(number, (one.n, one.ours, one.baseline)))
        ratios = f"{number(one.ratio)} | {number(one.goal)}"
        lines.append(
            f"| {one.name} | {one.database} | {figures} | {one.unit} | {ratios} | {'yes' if one.met else 'no'} |"
        )
    return lines
