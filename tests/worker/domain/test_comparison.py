"""Spellings of one thing are equal, and of two things are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.comparison import (
    email_key,
    fold,
    holds_phrase,
    number_key,
    phone_key,
    read_address,
    same_address,
    same_company,
    same_person,
    words,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "MUELLER"),
        ("Mu\u0308ller", "Müller"),
        ("Weiß", "WEISS"),
        ("Jørgensen", "Joergensen"),
        ("José", "jose"),
        ("Großstraße", "GROẞSTRASSE"),
        ("Anna   Maria", " anna maria "),
    ],
)
def test_spellings_of_one_word_fold_to_the_same_form(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_an_umlaut_is_not_its_bare_vowel() -> None:
    assert fold("Müller") != fold("Muller")


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("written", ["1ESY1160669167", "1esy 1160 669 167", "1ESY-1160669167"])
def test_blanks_hyphens_and_case_of_a_number_do_not_count(written: str) -> None:
    assert number_key(written) == "1ESY1160669167"


def test_a_number_and_its_digits_are_equal() -> None:
    assert number_key(746839) == number_key("746839")


def test_leading_zeros_of_a_number_count() -> None:
    assert number_key("00123") != number_key("123")


@pytest.mark.parametrize("written", ["Tom@GMail.com", " tom@gmail.com ", '"Mustermann, Tom" <TOM@gmail.com>'])
def test_an_address_is_the_same_with_display_name_and_in_any_case(written: str) -> None:
    assert email_key(written) == "tom@gmail.com"


@pytest.mark.parametrize("value", ["+49 172 1041689", None, 5])
def test_what_has_no_at_sign_is_no_email_address(value: object) -> None:
    assert email_key(value) == ""


@pytest.mark.parametrize(
    "written",
    ["+49 172 1041689", "0049172-1041689", "0172/1041689", "+49 (0)172 1041689", 491721041689, "491721041689"],
)
def test_a_phone_number_is_the_same_in_every_notation(written: object) -> None:
    assert phone_key(written) == "491721041689"


@pytest.mark.parametrize("value", ["12345", "", None, True, "00491721041689@fax.example", "service"])
def test_what_has_too_few_digits_or_is_an_address_is_no_phone_number(value: object) -> None:
    assert phone_key(value) == ""


def test_a_national_number_takes_the_calling_code_that_is_handed_in() -> None:
    assert phone_key("0660 1234567", country_code="43") == "436601234567"


def test_an_empty_phrase_stands_nowhere() -> None:
    assert not holds_phrase(["a"], [])


def test_a_phrase_must_stand_in_one_piece() -> None:
    assert not holds_phrase(words("von Tom der Heide"), words("von der Heide"))


@pytest.mark.parametrize(
    "name",
    ["Tom Mustermann", "Mustermann, Tom", "T. Mustermann", "Herr Mustermann", "Dr. Tom P. Mustermann", "MUSTERMANN"],
)
def test_ways_to_write_a_person_are_that_person(name: str) -> None:
    assert same_person(name, "Tom", "Mustermann")


@pytest.mark.parametrize("name", ["Tim Mustermann", "Erika Mustermann", "Tom", "Tom Mustermeier", "Mustermannová", ""])
def test_another_first_or_last_name_is_another_person(name: str) -> None:
    assert not same_person(name, "Tom", "Mustermann")


def test_nobody_has_an_empty_last_name() -> None:
    assert not same_person("Tom", "Tom", "")


def test_a_double_name_may_be_written_with_or_without_its_hyphen() -> None:
    assert same_person("Hans Peter Müller Lüdenscheidt", "Hans-Peter", "Müller-Lüdenscheidt")


def test_the_legal_form_of_a_company_does_not_count() -> None:
    assert same_company("Bäckerei Schulze", "Baeckerei Schulze GmbH & Co. KG")


def test_a_company_of_nothing_but_its_legal_form_is_no_name() -> None:
    assert not same_company("Schulze GmbH", "GmbH")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hugo-Junkers-Str. 5", "Hugo-Junkers-Straße 5, 82031 Grünwald"),
        ("Hugo-Junkers-Str. 5 in 82031 Grünwald", "Hugo Junkers Strasse 5, D-82031 Gruenwald"),
        ("82031 Grünwald, Hugo-Junkers-Str. 5", "Hugo-Junkers-Str. 5\n82031 Grünwald\nDeutschland"),
        ("Tom Mustermann\nHugo-Junkers-Str. 5\n82031 Grünwald", "Hugo-Junkers-Str. 5"),
        ("Hauptstr. 5 a", "Hauptstraße 5a"),
        ("Hauptstr. 12 - 14", "Hauptstraße 12-14"),
        ("Straße des 17. Juni 135, 10623 Berlin", "Str. des 17. Juni 135"),
        ("Hauptstr. 5, Frankfurt", "Hauptstr. 5, 60311 Frankfurt am Main"),
        ("Hauptstr. 5, Deutschland", "Hauptstr. 5, Grünwald"),
        ("Stephansplatz 3, 1010 Wien", "1010 Wien, Stephansplatz 3."),
    ],
)
def test_ways_to_write_an_address_are_that_address(one: str, other: str) -> None:
    assert same_address(one, other)
    assert same_address(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hauptstr. 5, 82031 Grünwald", "Hauptstr. 5, 10587 Berlin"),
        ("Hauptstr. 5", "Hauptstr. 6"),
        ("Hauptstr. 5", "Hauptstr. 5a"),
        ("Hauptstr. 5", "Nebenstr. 5"),
        ("Hauptstr. 5, Grünwald", "Hauptstr. 5, Berlin"),
        ("Straße des 17. Juni 135", "Straße des 17. Juni 100"),
        ("82031 Grünwald", "82031 Grünwald"),
        ("", ""),
    ],
)
def test_another_street_number_postcode_or_place_is_another_address(one: str, other: str) -> None:
    assert not same_address(one, other)


def test_an_address_is_read_into_its_parts() -> None:
    address = read_address("Hugo-Junkers-Str. 5, 82031 Grünwald")
    assert address is not None
    assert (address.street, address.number, address.postcode) == ("hugojunkersstrasse", "5", "82031")
    assert address.place == {"gruenwald"}


@given(st.text(max_size=80))
def test_any_text_can_be_read_as_an_address_or_is_none(text: str) -> None:
    address = read_address(text)
    assert address is None or (address.street and address.number)
