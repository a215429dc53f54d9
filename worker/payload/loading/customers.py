"""Customers and their contracts, as on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from worker.domain.entities import Contract, Customer
from worker.domain.fields import SHORT
from worker.payload.ids import read_loose_id
from worker.payload.loading.errors import Place
from worker.payload.loading.shape import (
    ANY_OBJECT,
    FLAG,
    OBJECTS,
    Key,
    Shape,
    needed,
    plain,
    read_entries,
    read_shape,
    scalar,
    text,
)

MOST_CONTRACTS = 10_000
"""Contracts of one customer; a housing company has thousands."""


def _read_id(value: object) -> str:
    return read_loose_id(value, SHORT)


def _read_contracts(value: object, place: Place) -> list[tuple[Place, dict[str, object]]]:
    entries = read_entries(value, MOST_CONTRACTS)
    places = [place.entry(index) for index in range(len(entries))]
    return [(at, read_shape(entry, CONTRACT, at)) for at, entry in zip(places, entries, strict=True)]


CUSTOMER: Shape = {
    "id": needed(plain(_read_id)),
    "emailMatches": Key(FLAG),
    "business": Key(FLAG),
    "company": Key(text(SHORT)),
    "firstname": Key(text(SHORT)),
    "lastname": Key(text(SHORT)),
    "address": Key(text()),
    "phone": Key(scalar(SHORT)),
    "email": Key(text(SHORT)),
    "tags": Key(OBJECTS),
    "contracts": Key(_read_contracts),
    "additionalData": Key(ANY_OBJECT),
}

_SCALARS = (
    "orderId tenant signupDate status statusCode statusCodeTitle energy energyTypeId energySubTypeId phone iban "
    "monthlyDeposit startDate endDate consumption counterNumber productId productName productCode campaignId "
    "salesChannelId unpaidDebt vatRate basePrice workingPrice gridOperatorName gridOperatorCode"
).split()

CONTRACT: Shape = {
    "id": needed(plain(_read_id)),
    "customerId": Key(plain(_read_id)),
    **dict.fromkeys(_SCALARS, Key(scalar(SHORT))),
    **dict.fromkeys(("email", "firstname", "lastname"), Key(text(SHORT))),
    **dict.fromkeys(("deliveryAddress", "billingAddress"), Key(text())),
    "business": Key(FLAG),
    **dict.fromkeys(("registers", "erpUrls", "agentPreview"), Key(OBJECTS)),
    **dict.fromkeys(("rawData", "tabPreview"), Key(ANY_OBJECT)),
}


@dataclass(frozen=True, slots=True)
class LoadedCustomer:
    """A customer of a file, and where each of the contracts stood."""

    customer: Customer
    places: tuple[Place, ...]


def read_customer(raw: object, place: Place) -> LoadedCustomer | None:
    """A customer with contracts; None when not even the id can be read.

    A contract is its customer's by where it stands; the page's own example has another number in its `customerId`.
    """
    found = read_shape(raw, CUSTOMER, place)
    contracts = cast("list[tuple[Place, dict[str, object]]] | None", found.pop("contracts", None)) or []
    if "id" not in found:
        return None
    customer_id = str(found["id"])
    readable = [(at, contract) for at, contract in contracts if "id" in contract]
    owned = tuple(Contract(str(contract["id"]), customer_id, contract) for _, contract in readable)
    return LoadedCustomer(Customer(customer_id, found, owned), tuple(at for at, _ in readable))
