from __future__ import annotations

import pytest

from worker.domain.fields import FIELDS, Role
from worker.payload.disclosure import MEASURED, VISIBLE, disclosed

TEXT = "IBAN DE02 1203 0000 0000 2020 51"


def test_every_field_that_a_difference_may_name_is_decided_about_once() -> None:
    saved = {
        name for name, field in FIELDS.items() if field.role in {Role.WRITABLE, Role.TAG_OPERATION, Role.DEPRECATED}
    }

    assert saved | {"closedAt", "customerLegitimationMessage"} == VISIBLE | MEASURED
    assert VISIBLE.isdisjoint(MEASURED)


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_nothing_of_what_people_write_is_told_but_its_size(name: str) -> None:
    assert disclosed(name, TEXT) == {"characters": len(TEXT)}
    assert disclosed(name, [TEXT, TEXT]) == {"entries": 2}
    assert disclosed(name, {TEXT: TEXT}) == {"entries": 1}


def test_a_field_that_nobody_decided_about_is_measured() -> None:
    assert disclosed("rawData", TEXT) == {"characters": len(TEXT)}


@pytest.mark.parametrize(("name", "value"), [("status", "open"), ("customerId", "4711"), ("tagIds", [1, 2])])
def test_words_and_ids_are_told_as_they_are(name: str, value: object) -> None:
    assert disclosed(name, value) == value


@pytest.mark.parametrize("name", ["status", "body"])
def test_nothing_is_told_as_nothing(name: str) -> None:
    assert disclosed(name, None) is None
