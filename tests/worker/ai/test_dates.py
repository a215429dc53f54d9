from __future__ import annotations

from datetime import date

import pytest

from worker.ai.embedded import dates

TODAY = date(2022, 12, 13)  # a Tuesday


def found(text: str) -> list[str]:
    return [each.value.isoformat() for each in dates.find(text, TODAY)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("am 5.11.26", "2026-11-05"),
        ("am 05. 11. 2026", "2026-11-05"),
        ("2023-02-03", "2023-02-03"),
        ("03/04/2023", "2023-04-03"),
        ("12/25/2022", "2022-12-25"),
        ("1. November 2025", "2025-11-01"),
        ("on November 1st, 2025", "2025-11-01"),
        ("1st of March 2026", "2026-03-01"),
        ("the 12th of May", "2023-05-12"),
        ("Ende Januar", "2023-01-31"),
        ("at the end of June", "2023-06-30"),
        ("Mitte Juli 2023", "2023-07-15"),
        ("ab Juni 2023", "2023-06-01"),
    ],
)
def test_absolute_dates_are_read_in_both_languages(text: str, expected: str) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ich ziehe nächsten Donnerstag ein.", "2022-12-15"),
        ("kommenden Montag", "2022-12-19"),
        ("by next Monday", "2022-12-19"),
        ("letzten Freitag", "2022-12-09"),
        ("abgelesen am Freitag", "2022-12-09"),
        ("Am Freitag abgelesen", "2022-12-09"),
        ("I read it on Friday", "2022-12-09"),
        ("as of this morning", "2022-12-13"),
        ("Donnerstag nächster Woche", "2022-12-22"),
        ("ab sofort", "2022-12-13"),
        ("with immediate effect", "2022-12-13"),
        ("gestern abgelesen", "2022-12-12"),
        ("übermorgen", "2022-12-15"),
        ("in zwei Wochen", "2022-12-27"),
        ("three weeks ago", "2022-11-22"),
        ("vor 3 Tagen", "2022-12-10"),
        ("zum Monatsende", "2022-12-31"),
        ("end of next month", "2023-01-31"),
        ("nächsten Monat", "2023-01-01"),
        ("zum 15.", "2022-12-15"),
        ("by the 10th", "2023-01-10"),
        ("zum Jahresende", "2022-12-31"),
    ],
)
def test_relative_dates_count_from_the_day_the_message_came_in(text: str, expected: str) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("zum 1. November kündigen", "2023-11-01"),
        ("zum 1. Dezember ausgezogen", "2022-12-01"),
        ("from 1 January", "2023-01-01"),
        ("seit dem 3. Dezember", "2022-12-03"),
        ("am 3. November", "2022-11-03"),
        ("am 3. Januar", "2023-01-03"),
    ],
)
def test_a_date_without_a_year_gets_the_one_that_its_preposition_means(text: str, expected: str) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "31.02.2023",
        "Stand 12.345 kWh",
        "um 10.30 Uhr",
        "Guten Morgen",
        "Hugo-Junkers-Str. 5 in 82031 Grünwald",
        "seit 3 Jahren",
        "as soon as possible",
        "zum nächstmöglichen Zeitpunkt",
        "192.168.10.12",
    ],
)
def test_what_is_no_date_is_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("geb. am 12.03.1980", "birth"),
        ("my date of birth is 12.03.1980", "birth"),
        ("Ihre Rechnung vom 3.5.2022", "reference"),
        ("your letter of 3 May 2022", "reference"),
        ("Umzug am 3.5.2022", ""),
    ],
)
def test_dates_of_birth_and_of_letters_are_told_apart(text: str, role: str) -> None:
    assert [each.role for each in dates.find(text, TODAY)] == [role]


@pytest.mark.parametrize(
    "text", ["on Saturday, 17 December", "heute, 13.12.2022", "gestern (12.12.2022)", "am Freitag, den 16.12."]
)
def test_a_date_that_is_said_twice_counts_once(text: str) -> None:
    assert len(found(text)) == 1


def test_every_date_keeps_its_place_in_the_text() -> None:
    text = "Einzug am 1.5.2023, Auszug am 30.4.2023"
    assert [text[each.start : each.end] for each in dates.find(text, TODAY)] == ["1.5.2023", "30.4.2023"]
