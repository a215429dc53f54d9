"""The command line: `python -m worker …`."""

from worker.cli.program import app, main

__all__ = ["app", "main"]
