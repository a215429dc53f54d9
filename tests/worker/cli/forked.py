"""Commands in processes forked from one that has imported everything: importing takes longer than most commands do."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    [f"worker.cli.{name}" for name in ("batch", "data", "dead", "enqueue", "health", "refreshes", "shown")]
)
_PATIENCE = 120


def run_forked(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, streams: Sequence[Path]) -> int:
    """Runs one command with its stdin, stdout and stderr in these files; its exit code."""
    process = _PROCESSES.Process(target=_run, args=(list(arguments), dict(environment), folder, list(streams)))
    process.start()
    process.join(_PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
    code = process.exitcode
    process.close()
    assert code is not None
    return code


def _run(arguments: Sequence[str], environment: Mapping[str, str], folder: Path, streams: Sequence[Path]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, (stream, flags) in enumerate(zip(streams, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)):
        os.dup2(os.open(stream, flags), descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - multiprocessing has taken it away
    from worker.cli import main  # noqa: PLC0415 - imported already, by the process that this one is forked from

    sys.exit(main(arguments))
