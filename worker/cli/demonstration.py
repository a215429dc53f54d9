"""The command `demo`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from config.settings import load_settings
from worker.cli.options import Exit
from worker.cli.output import answer
from worker.demo.script import demonstrate


def run_demo(*, as_json: bool) -> int:
    """Run the demonstration; with JSON, what it shows to people goes to stderr."""
    settings = load_settings()
    if not as_json:
        demonstrate(settings)
        return Exit.DONE
    with _stdout_to_stderr():
        demonstrate(settings)
    answer({"success": True}, list, as_json=True)
    return Exit.DONE


@contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """For this process and for those that it starts."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
