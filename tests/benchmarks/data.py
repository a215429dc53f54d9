"""What is measured with: tickets as customers write them, and a batch in which each gets another patch.

Everything follows from a seed. The state before a patch is known here, so that the writes it must lead to are known,
too: they are what the floor is given, which neither validates nor compares.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any

from sqlalchemy import Connection

from worker.domain.words import Priority, SpamStatus, Status, TagSource
from worker.storage.bulk import insert_rows
from worker.storage.tables import EndpointRow, TagRow, TicketRow, TicketTagRow

TAGS = range(1, 21)
UNKNOWN_TAG = 999
CREATED = datetime(2026, 10, 1, 8, tzinfo=UTC)
USER = 7

_UNCHANGED, _REJECTED = 0.03, 0.01
_AS_STORED = 0.1
"""How often a field is sent although it holds that value already."""

_SUBJECTS = (
    "Zählerstand {} melden",
    "Question about invoice {}",
    "Abschlag zu hoch, Vertrag {}",
    "Umzug zum Monatsende, Kunde {}",
    "Meter {} shows an error",
    "Kündigung meines Vertrags {}",
)
_SENTENCES = (
    "Guten Tag, ich habe heute Ihre Abrechnung erhalten und verstehe die Nachzahlung nicht.",
    "Der Zähler im Keller zeigt {} kWh, abgelesen habe ich ihn gestern Abend.",
    "Could you please check whether my last payment has arrived?",
    "Wir ziehen zum Monatsende um, die neue Anschrift habe ich Ihnen schon im Portal hinterlegt.",
    "My contract number is {} and I would like to change the monthly amount.",
    "Bitte rufen Sie mich nach 17 Uhr zurück, vorher bin ich bei der Arbeit.",
    "I have been waiting for an answer since last week and would be grateful for a short note.",
    "Über eine schnelle Rückmeldung würde ich mich sehr freuen, vielen Dank für Ihre Mühe.",
    "Für Rückfragen erreichen Sie mich unter der Nummer, die im Kundenkonto steht.",
)
_BODY = 600


@dataclass(frozen=True, slots=True)
class Start:
    """A ticket before the batch: the fields that patches touch, by the page's names, and its tags."""

    id: int
    values: dict[str, Any]
    tags: tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """`n` tickets and one batch for them.

    `sent` gives what a sender sends. `saved` gives what it comes to, one object an item: its outcome, the fields that
    really change with their new values, tags that come and go, and the errors of a rejected one.
    """

    n: int
    seed: int = 1

    def sent(self, count: int | None = None) -> bytes:
        """The batch as JSON, or its first items."""
        return _json([sent for sent, _ in self._items[:count]])

    def saved(self) -> bytes:
        """What is to be written, as JSON."""
        return _json([saved for _, saved in self._items])

    def outcomes(self, count: int | None = None) -> dict[str, int]:
        """How many of the first items end how."""
        return dict(Counter(saved["outcome"] for _, saved in self._items[:count]))

    def tickets(self) -> Iterator[Start]:
        """The tickets before the batch."""
        random = Random(self.seed)  # noqa: S311 - reproducible, not secret
        return (_start(ticket_id, random) for ticket_id in range(1, self.n + 1))

    @cached_property
    def _items(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        random = Random(self.seed + 1)  # noqa: S311 - see above
        return [_item(index, ticket, random) for index, ticket in enumerate(self.tickets())]

    def load(self, connection: Connection, at_once: int = 5_000) -> None:
        """Writes tags, one webhook endpoint and the tickets."""
        insert_rows(connection, TagRow, [_tag(tag_id) for tag_id in TAGS])
        insert_rows(connection, EndpointRow, [_ENDPOINT])
        tickets, random = list(self.tickets()), Random(self.seed + 2)  # noqa: S311 - see above
        for first in range(0, self.n, at_once):
            part = tickets[first : first + at_once]
            insert_rows(connection, TicketRow, [_ticket_row(ticket, random) for ticket in part])
            rows = [
                {"ticket_id": ticket.id, "tag_id": tag_id, "source": TagSource.MANUAL.value}
                for ticket in part
                for tag_id in ticket.tags
            ]
            insert_rows(connection, TicketTagRow, rows)


def _start(ticket_id: int, random: Random) -> Start:
    status = random.choices([Status.OPEN, Status.CLOSED], [4, 1])[0]
    spam = random.choices([None, SpamStatus.AUTO_CLEAN], [3, 1])[0]
    values = {
        "status": status.value,
        "priority": random.choice(list(Priority)).value,
        "agentId": random.choice([None, *range(1, 30)]),
        "subject": random.choice(_SUBJECTS).format(random.randrange(10**6)),
        "summary": random.choice(["", "Kunde fragt nach der Abrechnung."]),
        "dueBy": None,
        "customerId": None,
        "contractId": None,
        "spamStatus": spam and spam.value,
        "additionalData": random.choice([None, {"source": "import"}]),
        "isEscalated": False,
    }
    return Start(ticket_id, values, tuple(sorted(random.sample(TAGS, random.randint(1, 3)))))


def _item(index: int, ticket: Start, random: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    sent: dict[str, Any] = {"id": ticket.id}
    saved: dict[str, Any] = {"index": index, "id": ticket.id}
    kind = random.random()
    if kind < _REJECTED:
        return _rejected(sent, saved, random)
    unchanged = kind < _REJECTED + _UNCHANGED
    for name in random.sample(sorted(_PATCHES), random.randint(2, 6)):
        if name == "tags":
            if not unchanged:
                sent |= _tag_patch(ticket, random)
        elif unchanged or random.random() < _AS_STORED:
            sent.setdefault(name, ticket.values[name])  # not over the dueBy that came with a pending status
        else:
            sent |= _PATCHES[name](ticket, random)
    return sent, saved | _saved(sent, ticket)


def _rejected(sent: dict[str, Any], saved: dict[str, Any], random: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    sent["priority"] = Priority.HIGH.value
    if random.random() < 1 / 2:
        sent["addTagIds"] = [UNKNOWN_TAG]
        error = {"code": "unknown_tag", "field": "addTagIds[0]", "message": "there is no such tag"}
    else:
        sent["priorität"] = Priority.HIGH.value
        message = "is no field of a ticket; the nearest one is priority"
        error = {"code": "unknown_field", "field": "priorität", "message": message}
    return sent, saved | {"outcome": "rejected", "changed": [], "set": {}, "errors": [error]}


def _saved(sent: dict[str, Any], ticket: Start) -> dict[str, Any]:
    values = {
        name: _stored(name, value)
        for name, value in sent.items()
        if name in ticket.values and value != ticket.values[name]
    }
    added, removed = sent.get("addTagIds", []), sent.get("removeTagIds", [])
    changed = [*values, *(name for name in ("addTagIds", "removeTagIds") if sent.get(name))]
    outcome = "updated" if changed else "unchanged"
    tags = {"added": added, "removed": removed} if added or removed else {}
    return {"outcome": outcome, "changed": changed, "set": values, "errors": []} | tags


def _stored(name: str, value: object) -> object:
    if name == "dueBy" and isinstance(value, str):
        return value.replace(" ", "T") + "Z"
    return value


def _status_patch(ticket: Start, random: Random) -> dict[str, Any]:
    if ticket.values["status"] == Status.CLOSED:
        return {"status": Status.OPEN.value}
    if random.random() < 1 / 2:
        return {"status": Status.CLOSED.value}
    return {"status": Status.PENDING.value} | _due_patch(ticket, random)


def _due_patch(_ticket: Start, random: Random) -> dict[str, Any]:
    return {"dueBy": f"2099-{random.randint(1, 12):02}-{random.randint(1, 28):02} 12:00:00"}


def _tag_patch(ticket: Start, random: Random) -> dict[str, Any]:
    patch = {"addTagIds": [random.choice([tag_id for tag_id in TAGS if tag_id not in ticket.tags])]}
    return patch | ({"removeTagIds": [ticket.tags[0]]} if random.random() < 1 / 2 else {})


_PATCHES: Mapping[str, Callable[[Start, Random], dict[str, Any]]] = {
    "status": _status_patch,
    "priority": lambda ticket, random: {"priority": _another(list(Priority), ticket.values["priority"], random)},
    "agentId": lambda _, random: {"agentId": random.randint(30, 60)},
    "subject": lambda _, random: {"subject": random.choice(_SUBJECTS).format(random.randrange(10**6, 10**7))},
    "summary": lambda _, random: {"summary": f"Kunde meldet den Zählerstand {random.randrange(10**5)} kWh."},
    "dueBy": _due_patch,
    "customerId": lambda ticket, random: {"customerId": f"K-{ticket.id}", "contractId": f"V-{random.randrange(10**6)}"},
    "tags": _tag_patch,
    "spamStatus": lambda ticket, random: {
        "spamStatus": _another(["auto_spam", "auto_clean", "manual_clean"], ticket.values["spamStatus"], random)
    },
    "additionalData": lambda _, random: {
        "additionalData": {"order": f"A-{random.randrange(10**6)}", "meter": random.randrange(10**5), "source": "crm"}
    },
    "isEscalated": lambda _, __: {"isEscalated": True},
}


def _another(choices: list[Any], present: object, random: Random) -> str:
    return str(random.choice([choice for choice in choices if choice != present]))


def _ticket_row(ticket: Start, random: Random) -> dict[str, Any]:
    values = ticket.values
    body = ""
    while len(body) < _BODY:
        body += random.choice(_SENTENCES).format(random.randrange(10**6)) + " "
    created = CREATED + timedelta(minutes=ticket.id % 50_000)
    return {
        "id": ticket.id,
        "version": 0,
        "external_ticket_id": f"X-{ticket.id}",
        "direction": "in",
        "channel": "email",
        "subchannel_id": None,
        "interface": "internal",
        "status": values["status"],
        "priority": values["priority"],
        "spam_status": values["spamStatus"],
        "sender": f"kunde{ticket.id}@example.com",
        "from_name": f"Kunde {ticket.id}",
        "recipients": ["service@example.com"],
        "reply_cc": [],
        "reply_bcc": [],
        "subject": values["subject"],
        "summary": values["summary"],
        "body": body,
        "ai_support_level": "unprocessed",
        "agent_id": values["agentId"],
        "is_escalated": False,
        "is_customer_active": False,
        "created_at": created,
        "closed_at": created + timedelta(days=1) if values["status"] == Status.CLOSED else None,
        "due_by_manual": False,
        "first_response_due_by_manual": False,
        "customer_legitimation": 0,
        "assigned_agent_ids": [],
        "additional_data": values["additionalData"],
    }


def _tag(tag_id: int) -> dict[str, Any]:
    definition = {"id": tag_id, "name": f"Tag {tag_id}"}
    return {"id": tag_id, "name": f"Tag {tag_id}", "parent": None, "visibility": "public", "definition": definition}


_ENDPOINT = {
    "id": "endpoint-1",
    "url": "http://127.0.0.1:9/",
    "secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "enabled": True,
    "events": ["ticketUpdated"],
    "channels": [],
    "subchannels": [],
}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
