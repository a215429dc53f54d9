"""The program: its commands, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import typer

from worker.cli import commands
from worker.cli.options import PROGRAM, Exit

app = typer.Typer(
    name="worker",
    help="Bulk updates of tickets: set up, send, look at what became of them.",
    epilog=f"Each command tells more: {PROGRAM} COMMAND --help",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
commands.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. What nobody expected is raised."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return int(app(args=given, prog_name=PROGRAM, standalone_mode=False) or Exit.DONE)
    except typer.TyperException as error:
        return _refuse_usage(error, as_json=_wants_json(given))
    except Exception as error:
        from worker.cli.problems import problem_of  # noqa: PLC0415 - knows every library's errors, so it is heavy

        problem = problem_of(error)
        if problem is None:
            raise
        _complain("\n".join(problem.lines))
        if _wants_json(given):
            _print_error(problem.code, problem.message, errors=[dict(one) for one in problem.errors])
        return problem.exit


def _wants_json(arguments: Sequence[str]) -> bool:
    return "--json" in arguments


def _refuse_usage(error: typer.TyperException, *, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else PROGRAM
    if type(error).__name__ == "NoArgsIsHelpError":  # the help was printed
        return Exit.REFUSED
    message = error.format_message()
    _complain(f"{message}\nTry `{command} --help`.")
    if as_json:
        _print_error("wrong_usage", message)
    return Exit.REFUSED


def _complain(text: str) -> None:
    sys.stderr.write(text + "\n")


def _print_error(code: str, message: str, **more: object) -> None:
    told = {name: value for name, value in more.items() if value}
    sys.stdout.write(json.dumps({"error": {"code": code, "message": message}} | told, ensure_ascii=False) + "\n")
