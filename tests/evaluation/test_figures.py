from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.evaluation import report
from tests.evaluation.answers import Answer
from tests.evaluation.checks import Check, checks
from tests.evaluation.figures import GOALS, Figure, figures
from tests.evaluation.labelled import Labelled, Part, Want

WANT = Want(
    language="de",
    keep=["4711 kWh"],
    drop=["Ihr Service-Team"],
    sentiment="neutral",
    customer="100",
    tags=["Zählerstand"],
    tags_too=["Abschlag"],
    intents=[{"agent": "reading", "value": 4711, "day": "2026-11-01"}],
    summary=["4711|Stand"],
)
MESSAGE = Labelled("de-001", date(2026, 11, 2), "Stand 4711 kWh", WANT)
VALUES = {
    "languageCode": "de",
    "bodyClean": "Stand 4711\nkWh",
    "summary": "Stand 4711 kWh.",
    "sentiment": "neutral",
    "spamStatus": "auto_clean",
    "customerId": "100",
    "contractId": None,
}
RIGHT = Answer(VALUES, frozenset({"Zählerstand", "Abschlag"}), {"reading": {"value": 4711.0, "day": "2026-11-01"}})
KINDS = {("reading", "value"): "number", ("reading", "day"): "date"}


def _wrong(answer: Answer) -> list[str]:
    return [check.figure for check in checks(MESSAGE, answer, KINDS) if not check.right]


def test_an_answer_that_agrees_with_every_label_has_nothing_wrong() -> None:
    assert _wrong(RIGHT) == []


@pytest.mark.parametrize(
    ("answer", "figures"),
    [
        (replace(RIGHT, values=VALUES | {"languageCode": "en"}), ["language"]),
        (replace(RIGHT, values=VALUES | {"bodyClean": "Ihr Service-Team"}), ["facts_kept", "quotes_dropped"]),
        (replace(RIGHT, values=VALUES | {"summary": None}), ["summary_facts"]),
        (replace(RIGHT, values=VALUES | {"spamStatus": "auto_spam"}), ["clean_left_alone"]),
        (replace(RIGHT, values=VALUES | {"customerId": None}), ["customers_found"]),
        (replace(RIGHT, values=VALUES | {"customerId": "200"}), ["customers_found", "customers_right"]),
        (replace(RIGHT, values=VALUES | {"contractId": "1000"}), ["contracts_right"]),
        (replace(RIGHT, tags=frozenset({"Umzug"})), ["tags_found", "tags_right"]),
        (replace(RIGHT, intents={}), ["intents_found"]),
        (replace(RIGHT, intents={**RIGHT.intents, "move": {}}), ["intents_right"]),
        (replace(RIGHT, intents={"reading": {"value": 4711}}), ["fields_found"]),
        (replace(RIGHT, intents={"reading": {"value": 1, "day": "2026-11-01"}}), ["fields_found", "fields_right"]),
    ],
)
def test_each_disagreement_counts_where_it_belongs(answer: Answer, figures: list[str]) -> None:
    assert _wrong(answer) == figures


def test_of_spam_only_language_and_status_are_judged() -> None:
    spam = replace(MESSAGE, want=Want(language="de", spam="auto_spam", spam_by="text"))

    told = {check.figure: check.right for check in checks(spam, RIGHT, KINDS)}

    assert told == {"language": True, "spam_found_by_text": False}


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(8, 10, 0.490, 0.943), (10, 10, 0.722, 1.0), (0, 10, 0.0, 0.278), (0, 0, 0.0, 1.0)],
)
def test_intervals_are_wilson_s(right: int, n: int, low: float, high: float) -> None:
    assert Figure("embedded", "language", Part.TUNE, right, n).interval == pytest.approx((low, high), abs=0.001)


def test_a_figure_counts_its_own_part_alone() -> None:
    even = replace(MESSAGE, id="de-002")
    later = replace(MESSAGE, id="de-202")
    listed = [Check("language", message, message is not even, "") for message in (MESSAGE, even, later)]

    found = {one.part: (one.right, one.n) for one in figures("embedded", listed) if one.name == "language"}

    assert found == {Part.TUNE: (1, 1), Part.MEASURE: (0, 1), Part.FRESH: (1, 1)}


def test_the_file_has_the_public_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "OUTPUT", tmp_path / "build" / "eval.json")

    report.write_json(figures("embedded", [Check("language", MESSAGE, True, "")]))

    rows = json.loads((tmp_path / "build" / "eval.json").read_text())
    assert {"name", "database", "n", "ours", "baseline", "ratio", "goal", "unit"} == rows[0].keys()
    assert rows[0]["name"] == "embedded.language.tune"
    assert len(rows) == len(GOALS) * len(Part)
