"""What commands share: arguments and options, the example below each help text, exit codes."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated

import typer

PROGRAM = "python -m worker"

GREATEST = 2**63 - 1
"""The greatest id that a database holds."""


class Exit(IntEnum):
    """Exit codes of every command (interface, section "Command line")."""

    DONE = 0
    SOME_FAILED = 1
    REFUSED = 2
    SERVICE_AWAY = 3
    INTERRUPTED = 130


def example(*commands: str) -> str:
    """What stands below a command's help."""
    return "\n\n".join(f"Example: {PROGRAM} {command}" for command in commands)


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
FileOrStdin = Annotated[str, typer.Argument(metavar="FILE", help="A JSON file; - is stdin.", show_default=False)]
ModeOption = Annotated[
    str,
    typer.Option(
        "--mode",
        metavar="MODE",
        help="full, summaryAndText, customer, tags, tagsRuleBased or agents.",
        show_default=False,
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="FIELD=VALUE",
        help="Only tickets that match; may be given several times. Also FIELD=ONE,OTHER and FIELD!=VALUE.",
        show_default=False,
    ),
]
After = Annotated[
    int, typer.Option(metavar="ID", min=0, max=GREATEST, help="Go on behind this ticket.", show_default=False)
]
Limit = Annotated[int, typer.Option(metavar="N", min=1, max=1_000, help="At most so many tickets.")]
BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="The batch's id.", show_default=False)]
EndpointId = Annotated[str, typer.Argument(metavar="ID", help="The endpoint's id.", show_default=False)]
DeadIds = Annotated[
    list[int] | None,
    typer.Argument(metavar="ID…", min=1, max=GREATEST, help="Numbers from `dead list`.", show_default=False),
]
EveryDead = Annotated[bool, typer.Option("--all", help="All of them.")]
