"""What errors mean to somebody at a command line: one sentence, what to do next, and an exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from config.settings import SettingsError
from worker.cli.options import PROGRAM, Exit
from worker.domain.words import ErrorCode
from worker.embedded import EmbeddedServerError
from worker.operations.arguments import RefusedArguments
from worker.operations.inspection.unknown import Unknown
from worker.payload.loading.errors import LoadRefused
from worker.payload.refusal import Refused
from worker.payload.remarks import ItemError

_MISSING_SCHEMA = frozenset({"42P01", "42703"})  # PostgreSQL: undefined_table, undefined_column
_MISSING_IN_SQLITE = ("no such table", "no such column", "has no column")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a command did not do its work, and what to do about it where that is not part of the message.

    `errors` are the details of a refusal, each with code, path and message.
    """

    code: str
    message: str
    exit: Exit = Exit.REFUSED
    remedy: str = ""
    errors: Sequence[Mapping[str, str]] = field(default_factory=tuple)

    @property
    def lines(self) -> Iterator[str]:
        """What people are told, the codes of the contract with it."""
        yield f"{self.message} ({self.code})" if self.code in set(ErrorCode) else self.message
        for one in self.errors:
            yield f"  {one['path'] or 'the whole'}: {one['message']} ({one['code']})"


class CommandFailed(Exception):  # noqa: N818 - says what happened
    """A command ends with this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def problem_of(error: BaseException) -> Problem | None:
    """What to tell about an error; None for one that nobody expected."""
    for kind, explain in _EXPLANATIONS:
        if isinstance(error, kind):
            return explain(error)
    return None


def is_service_away(error: BaseException) -> bool:
    """Whether a server could not be reached, which may pass."""
    problem = problem_of(error)
    return problem is not None and problem.exit is Exit.SERVICE_AWAY


def away(what: str, variable: str) -> Problem:
    """The problem that a server cannot be reached."""
    remedy = f"see that it runs and that {variable} is right"
    message = f"{what} can't be reached; {remedy} (`{PROGRAM} check` tells more)."
    return Problem("service_unavailable", message, Exit.SERVICE_AWAY, remedy)


def _of_refusal(error: Refused | Unknown) -> Problem:
    return Problem(str(error.code), _sentence(error.message))


def _of_arguments(error: RefusedArguments) -> Problem:
    count = len(error.errors)
    wrong = "1 argument is wrong" if count == 1 else f"{count} arguments are wrong"
    return Problem("wrong_arguments", f"Nothing was done: {wrong}.", errors=[_detail(one) for one in error.errors])


def _of_load(error: LoadRefused) -> Problem:
    count = "1 error" if error.count == 1 else f"{error.count} errors"
    details = [{"code": str(one.code), "path": one.path, "message": one.message} for one in error.errors]
    return Problem("load_refused", f"Nothing was loaded: the file has {count}.", errors=details)


def _detail(error: ItemError) -> Mapping[str, str]:
    return {"code": str(error.code), "path": error.field, "message": error.message}


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _of_database(error: DBAPIError) -> Problem | None:
    text, sqlstate = str(error.orig), getattr(error.orig, "sqlstate", None)
    if sqlstate in _MISSING_SCHEMA or any(words in text for words in _MISSING_IN_SQLITE):
        message = f"The database does not have the current schema; run `{PROGRAM} migrate` first."
        return Problem("schema_missing", message)
    if isinstance(error, (OperationalError, InterfaceError)):
        return away("The database", "DATABASE_URL" if os.environ.get("DATABASE_URL") else "TICKETS_DATA_DIR")
    return None


def _of_file(error: OSError) -> Problem | None:
    """A folder or file that cannot be used; whatever else the system refuses is nothing that was expected."""
    if not error.filename:
        return None
    reason = (error.strerror or type(error).__name__).lower()
    return Problem("file_error", f"{error.filename}: {reason}; is TICKETS_DATA_DIR a folder of your own?")


_EXPLANATIONS: tuple[tuple[type[BaseException], Callable[[Any], Problem | None]], ...] = (
    (CommandFailed, lambda error: error.problem),
    (SettingsError, lambda error: Problem("wrong_settings", str(error))),
    (Refused, _of_refusal),
    (Unknown, _of_refusal),
    (RefusedArguments, _of_arguments),
    (LoadRefused, _of_load),
    (EmbeddedServerError, lambda error: Problem("service_unavailable", _sentence(str(error)), Exit.SERVICE_AWAY)),
    (DBAPIError, _of_database),
    (BrokerError, lambda _: away("The broker", "BROKER_URL" if os.environ.get("BROKER_URL") else "REDIS_URL")),
    (RedisError, lambda _: away("Redis", "REDIS_URL")),
    (OSError, _of_file),
)
