"""Files that a command is given, stdin among them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NoReturn

from worker.cli.problems import CommandFailed, Problem
from worker.domain.words import ErrorCode

STDIN = "-"


def read_bytes(name: str) -> bytes:
    """What the file holds. Raises CommandFailed."""
    try:
        return sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise CommandFailed(Problem("file_error", f"{name} can't be read: {reason}.")) from None


def read_document(name: str) -> object:
    """The JSON document in the file. Raises CommandFailed."""
    try:
        return json.loads(read_bytes(name).decode("utf-8-sig"), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise CommandFailed(_invalid(f"{name} is no JSON: it is broken at {where}.")) from None
    except (UnicodeError, RecursionError, ValueError):
        raise CommandFailed(_invalid(f"{name} is no JSON in UTF-8, or nested too deeply.")) from None


def _refuse(_: str) -> NoReturn:
    raise ValueError("JSON has no NaN and no Infinity")


def _invalid(message: str) -> Problem:
    return Problem(ErrorCode.INVALID_JSON.value, message)
