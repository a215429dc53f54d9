"""What a process that configured its logs writes, ours and the libraries' lines alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

_BEGIN = """\
import logging, structlog
from config.logging import configure
configure({log_format!r}, {level!r})
log = structlog.get_logger("worker.operations.ingest")
foreign = logging.getLogger("some.library")
"""


def _stderr(program: str, log_format: str = "json", level: str = "INFO") -> str:
    finished = subprocess.run(  # noqa: S603 - the programs below
        [sys.executable, "-c", _BEGIN.format(log_format=log_format, level=level) + textwrap.dedent(program)],
        env={"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        check=False,
        capture_output=True,
        text=True,
    )
    assert finished.stdout == ""  # it belongs to the results of commands
    return finished.stderr


def _lines(program: str, level: str = "INFO") -> list[dict[str, Any]]:
    return [json.loads(line) for line in _stderr(program, level=level).splitlines()]


def test_a_line_is_one_json_object_with_its_context() -> None:
    (line,) = _lines("""
        structlog.contextvars.bind_contextvars(task_id="t-1", batch_id="b-1", ticket_ids=[4, 7])
        log.info("chunk_saved", updated=2)
    """)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "chunk_saved",
        "level": "info",
        "logger": "worker.operations.ingest",
        "task_id": "t-1",
        "batch_id": "b-1",
        "ticket_ids": [4, 7],
        "updated": 2,
    }


def test_a_librarys_line_has_the_same_shape_and_context() -> None:
    (line,) = _lines("""
        structlog.contextvars.bind_contextvars(task_id="t-1")
        foreign.warning("lost %s of %d", "connection", 2)
    """)
    assert (line["event"], line["level"], line["logger"]) == ("lost connection of 2", "warning", "some.library")
    assert line["task_id"] == "t-1"


def test_personal_data_of_a_library_is_masked() -> None:
    output = _stderr("""
        foreign.error("no mail to %s of %s, %s", "max@example.de", "DE89370400440532013000", "+49 30 1234567")
        foreign.error("refused {'body': 'Dear team', 'id': 4}\\n\\nThe full body was: Dear team")
        foreign.error("redis://:hidden@host is away")
    """)
    assert output.count("\n") == 3
    for leak in ("max@", "DE89", "1234567", "Dear team", "hidden"):
        assert leak not in output


def test_secret_keys_of_our_own_lines_are_masked() -> None:
    (line,) = _lines("""log.info("ticket_read", bodyPlain="Dear team", found={"iban": "DE00", "id": 4})""")
    assert line["bodyPlain"] == "[redacted]"
    assert line["found"] == {"iban": "[redacted]", "id": 4}


def test_an_object_is_never_shown_by_its_repr() -> None:
    (line,) = _lines("""
        class Customer:
            def __repr__(self): return "Max Muster"
        log.info("customer_found", found=Customer())
    """)
    assert line["found"] == "<Customer>"


def test_an_exception_is_fields_without_local_variables() -> None:
    (line,) = _lines("""
        def parse(text):
            secret_local = text
            return int(text)
        try:
            try:
                parse("Max Muster")
            except ValueError as error:
                raise RuntimeError("stage failed") from error
        except RuntimeError:
            log.exception("run_failed", run_id=4)
    """)
    outer, cause = line["exception"]
    assert (outer["type"], outer["message"]) == ("RuntimeError", "stage failed")
    assert (cause["type"], cause["frames"][-1]["function"]) == ("ValueError", "parse")
    assert "Max Muster" not in json.dumps(line)


def test_statement_parameters_are_in_no_exception() -> None:
    output = _stderr("""
        from sqlalchemy import create_engine, text
        try:
            create_engine("sqlite://").connect().execute(text("INSERT INTO x VALUES (:body)"), {"body": "Dear team"})
        except Exception:
            foreign.exception("write failed")
    """)
    assert "no such table: x" in output
    assert "Dear team" not in output


def test_row_values_of_postgresql_are_in_no_exception(postgres_url: str) -> None:
    program = """
        from sqlalchemy import create_engine, text
        with create_engine("URL", hide_parameters=True).connect() as connection:
            connection.execute(text("CREATE TEMP TABLE person (name text UNIQUE, age int)"))
            for statement in ("INSERT INTO person VALUES ('Muster', 1), ('Muster', 1)", "SELECT 'Muster'::int"):
                try:
                    with connection.begin_nested():
                        connection.execute(text(statement))
                except Exception:
                    log.exception("write_failed")
    """
    output = _stderr(program.replace("URL", postgres_url))
    assert 'duplicate key value violates unique constraint \\"person_name_key\\"' in output
    assert "invalid input syntax for type integer" in output
    assert "Muster" not in output


def test_what_celery_says_of_a_failed_task_leaves_out_what_was_raised() -> None:
    (line,) = _lines("""
        from celery import Celery
        app = Celery(broker="memory://", backend="cache+memory://")
        @app.task(name="tasks.ingest.bulk_patch")
        def bulk_patch(items): raise ValueError("Dear team")
        from celery.app.trace import build_tracer
        trace = build_tracer(bulk_patch.name, bulk_patch, app=app)
        trace("id-1", [["Dear team"]], {}, {"id": "id-1", "args": [["Dear team"]], "kwargs": {}})
    """)
    assert line["event"] == "Task tasks.ingest.bulk_patch[id-1] raised unexpected: ValueError"
    assert line["exception"][0]["type"] == "ValueError"
    assert "Dear team" not in json.dumps(line)


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        ('ValueError("Dear team")', "[redacted]"),
        ('KeyError("Dear team")', "[redacted]"),
        ("redis.ResponseError(\"unknown command 'Dear team'\")", "unknown command [redacted]"),
        ('redis.ConnectionError("Connection refused")', "Connection refused"),
        ('TypeError("f() takes 1 argument")', "f() takes 1 argument"),
        ('OSError(2, "No such file", "/x")', "[Errno 2] No such file: '/x'"),
    ],
)
def test_a_message_is_kept_when_it_speaks_of_code_or_services(raised: str, message: str) -> None:
    (line,) = _lines(f"""
        import redis
        log.error("run_failed", exc_info={raised})
    """)
    assert line["exception"][0]["message"] == message


def test_warnings_are_lines_too() -> None:
    (line,) = _lines("""
        import warnings
        warnings.warn("old way, says max@example.de")
    """)
    assert line["logger"] == "py.warnings"
    assert "UserWarning: old way, says [redacted]" in line["event"]


@pytest.mark.parametrize(
    "program",
    [
        'raise RuntimeError("mail to max@example.de")',
        """
        import threading
        def fail(): raise RuntimeError("mail to max@example.de")
        thread = threading.Thread(target=fail); thread.start(); thread.join()
        """,
    ],
)
def test_an_uncaught_exception_is_a_line(program: str) -> None:
    (line,) = _lines(program)
    assert line["event"] == "uncaught_exception"
    assert line["exception"][0]["message"] == "mail to [redacted]"


def test_every_part_of_an_exception_group_is_told() -> None:
    (line,) = _lines("""raise ExceptionGroup("two", [KeyError("Max"), OSError(2, "no file", "/x")])""")
    parts = line["exception"][0]["exceptions"]
    assert [part[0]["type"] for part in parts] == ["KeyError", "FileNotFoundError"]
    assert parts[0][0]["message"] == "[redacted]"


def test_a_line_that_cannot_be_formatted_does_not_show_its_arguments() -> None:
    (line,) = _lines("""foreign.warning("two %s %s", "Dear team")""")
    assert line["event"] == "log_line_failed"
    assert line["logger"] == "some.library"


def test_libraries_never_show_their_debug_lines() -> None:
    lines = _lines("""log.debug("ours"); foreign.debug("payload"); foreign.info("fact")""", level="DEBUG")
    assert [line["event"] for line in lines] == ["ours", "fact"]


def test_the_level_holds_for_everyone() -> None:
    lines = _lines("""log.info("ours"); foreign.info("fact"); log.error("bad"); foreign.error("sad")""", level="ERROR")
    assert [line["event"] for line in lines] == ["bad", "sad"]


def test_addresses_that_a_client_calls_are_not_logged() -> None:
    assert _lines("""logging.getLogger("httpx").info("HTTP Request: POST https://x/?token=1")""") == []


def test_the_console_shows_lines_for_people_with_the_same_masks() -> None:
    output = _stderr(
        """
        try:
            int("Max Muster")
        except ValueError:
            log.exception("run_failed", body="Dear team", run_id=4)
        foreign.warning("mail from max@example.de")
        """,
        log_format="console",
    )
    assert "run_failed" in output
    assert "run_id=4" in output
    assert "ValueError: [redacted]" in output
    assert "mail from [redacted]" in output
    for leak in ("Max Muster", "Dear team", "max@"):
        assert leak not in output


def test_configuring_twice_writes_every_line_once() -> None:
    assert len(_lines("""configure("json", "INFO"); log.info("once"); foreign.info("once")""")) == 2


def test_a_tick_that_found_nothing_to_do_is_worth_no_line() -> None:
    lines = _lines("""
        trace = logging.getLogger("celery.app.trace")
        for name in ("tasks.outbox.relay", "tasks.ingest.bulk_patch"):
            trace.info("%(name)s succeeded", {"name": name}, extra={"data": {"name": name}})
        trace.error("%(name)s failed", {"name": "tasks.outbox.relay"}, extra={"data": {"name": "tasks.outbox.relay"}})
    """)
    assert [line["event"] for line in lines] == ["tasks.ingest.bulk_patch succeeded", "tasks.outbox.relay failed"]
