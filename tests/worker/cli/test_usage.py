"""Wrong usage: exit code 2, a sentence on stderr, and a JSON document where JSON was asked for."""

from __future__ import annotations

import json

import pytest

from worker.cli import main

WRONG = (
    ["shwo"],
    ["show", "batch"],
    ["show", "batch", "7", "--key", "k"],
    ["show", "batch", "7", "--outcome", "broken"],
    ["show", "batch", "7", "--after", "-1"],
    ["show", "batch", "7", "--limit", "0"],
    ["show", "batch", "7", "--limit", str(2**31)],
    ["show", "ticket"],
    ["show", "ticket", "seven"],
    ["show", "ticket", "0"],
    ["show", "ticket", str(2**63)],
    ["show", "ticket", "1", "--no-such-option"],
    ["enqueue"],
    ["enqueue", "-", "--timeout", "-1"],
    ["batch", "pause"],
    ["batch", "stop", "7"],
    ["batch", "explain", "7"],
    ["batch", "explain", "7", "seven"],
    ["batch", "explain", "7", "0"],
    ["rerun"],
    ["schedule", "add", "nightly", "--mode", "tags"],
    ["dead", "retry"],
    ["dead", "retry", "1", "--all"],
    ["dead", "drop"],
    ["dead", "list", "--limit", "0"],
)


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage_is_told_with_where_to_read_on(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[-1].startswith("Try `python -m worker ")


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_usage_is_one_json_document_for_machines(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--json"]) == 2

    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "wrong_usage"
    assert error["message"]
