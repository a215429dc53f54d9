from __future__ import annotations

import pytest

from worker.ai.embedded import numbers


@pytest.mark.parametrize(
    ("written", "language", "value"),
    [
        ("12.345,6", "de", 12345.6),
        ("12,345.6", "en", 12345.6),
        ("12.345,6", "en", 12345.6),
        ("12.345", "de", 12345),
        ("12,345", "en", 12345),
        ("12,345", "de", 12.345),
        ("1.234.567", "de", 1234567),
        ("12 345", "de", 12345),
        ("12'345", "de", 12345),
        ("00987,4", "de", 987.4),
        ("4431.2", "en", 4431.2),
        ("0.345", "en", 0.345),
        ("0012345", None, 12345),
    ],
)
def test_numbers_are_read_as_the_language_writes_them(written: str, language: str | None, value: float) -> None:
    assert numbers.parse(written, language) == value


@pytest.mark.parametrize("written", ["", "abc", ".", "-"])
def test_what_is_no_number_has_no_value(written: str) -> None:
    assert numbers.parse(written) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.345 kWh", [(12345, "energy")]),
        ("8912,5 m³", [(8912.5, "energy")]),
        ("20 cubic metres", [(20, "energy")]),
        ("EUR 80 oder 90 €", [(80, "money"), (90, "money")]),
        ("85 statt 71 Euro", [(85, "money"), (71, "money")]),
        ("from 49 to 60 euros", [(49, "money"), (60, "money")]),
        ("28 Cent, 5 %, 11 kW", [(28, "price"), (5, "share"), (11, "power")]),
        ("3 Personen auf 45 m²", [(3, "people"), (45, "area")]),
        ("24 Monate", [(24, "time")]),
    ],
)
def test_a_number_knows_what_its_unit_measures(text: str, expected: list[tuple[float, str]]) -> None:
    assert [(each.value, each.kind) for each in numbers.find(text, "de")] == expected


@pytest.mark.parametrize("text", ["1ESY1160669167", "10:30", "089/123456", "2026-05-01", "tom2@example.com"])
def test_parts_of_codes_times_and_dates_are_no_numbers(text: str) -> None:
    assert not [each for each in numbers.find(text) if each.digits > 1]
