"""What somebody sees who asks the command line what it can do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.worker.cli.conftest import ROOT
from worker.cli import main

COMMANDS = (
    "migrate",
    "load",
    "enqueue",
    "show batch",
    "show ticket",
    "list tickets",
    "list routable",
    "batch pause",
    "batch resume",
    "batch cancel",
    "batch retry",
    "batch explain",
    "rerun",
    "schedule list",
    "schedule add",
    "schedule remove",
    "webhook list",
    "webhook enable",
    "webhook disable",
    "webhook remove",
    "webhook rotate",
    "webhook replay",
    "dead list",
    "dead retry",
    "dead drop",
    "clean-up",
    "schema",
    "check",
    "demo",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == 0

    words = " ".join(capsys.readouterr().out.split())
    assert f"Example: python -m worker {command}" in words
    assert "--json" in words


@pytest.mark.parametrize("group", sorted({command.split()[0] for command in COMMANDS if " " in command}))
def test_every_group_of_commands_shows_an_example(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([group, "--help"]) == 0

    assert f"Example: python -m worker {group} " in " ".join(capsys.readouterr().out.split())


def test_the_program_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    shown = capsys.readouterr().out
    assert all(command.split()[0] in shown for command in COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["show"], ["list"], ["batch"], ["webhook"], ["dead"], ["schedule"]])
def test_nothing_asked_for_is_answered_with_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2

    assert "Usage: python -m worker" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["", "enqueue", "show batch"])
def test_help_loads_nothing_that_is_slow(command: str) -> None:
    script = f"""\
import sys
from worker.cli import main
main({[*command.split(), "--help"]!r})
slow = {{"sqlalchemy", "celery", "kombu", "redis", "alembic", "numpy", "httpx"}}
sys.exit(f"loaded: {{slow & sys.modules.keys()}}" if slow & sys.modules.keys() else 0)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own script

    assert (done.returncode, done.stderr) == (0, "")
