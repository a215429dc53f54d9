"""Tags and AI agents as an admin of a utility would define them."""

from __future__ import annotations

from worker.domain.entities import AgentField, AiAgent, Detection, Tag
from worker.domain.words import DetectionType

AI = DetectionType.AI


def tag(number: int, name: str, description: str = "", *examples: str) -> Tag:
    """A tag found by AI."""
    return Tag(number, name, Detection(AI, None, description, examples))


METER, MOVE, CANCEL, DEPOSIT, BANK, BILL, COMPLAINT, OUTAGE, PORTAL, DUNNING = range(1, 11)

TAGS = (
    tag(METER, "Zählerstand", "Kunde meldet den Stand seines Zählers"),
    tag(MOVE, "Relocation", "The customer moves in or out"),
    tag(CANCEL, "Kündigung", "", "Ich kündige meinen Vertrag"),
    tag(DEPOSIT, "Monthly deposit", "The customer wants to pay more or less every month"),
    tag(BANK, "Bankverbindung"),
    tag(BILL, "Rechnung", "Fragen zu Rechnungen und Abrechnungen"),
    tag(COMPLAINT, "Complaint"),
    tag(OUTAGE, "Störung", "Kein Strom oder kein Gas"),
    tag(PORTAL, "Customer portal", "Trouble with login or password"),
    tag(DUNNING, "Mahnung"),
)

READING, RELOCATION, CANCELLATION, NEW_DEPOSIT, NEW_BANK = range(11, 16)

AGENTS = (
    AiAgent(
        READING,
        "a",
        "Process a meter reading",
        "Enters a reading",
        Detection(AI, None, "The customer sends the reading of a meter", ("Mein Zählerstand ist 1234",)),
        (
            AgentField("reading", "number", "Reading in kWh or m³", required=True),
            AgentField("readingDate", "date", "Day of the reading"),
            AgentField("meterNumber", "string", "Number of the meter"),
        ),
    ),
    AiAgent(
        RELOCATION,
        "b",
        "Umzug bearbeiten",
        "",
        Detection(AI, None, "Kunde zieht an eine neue Adresse um"),
        (
            AgentField("newAddress", "address", "New address", required=True),
            AgentField("moveInDate", "date", "Day of moving in", required=True),
            AgentField("phone", "phone", "Phone number for questions"),
        ),
    ),
    AiAgent(
        CANCELLATION,
        "c",
        "Process a cancellation",
        "Ends a contract",
        Detection(AI),
        (
            AgentField("endDate", "date", "Day on which the contract ends", required=True),
            AgentField("reason", "string", "Reason that the customer gives"),
            AgentField("contractNumber", "string", "Number of the contract"),
        ),
    ),
    AiAgent(
        NEW_DEPOSIT,
        "d",
        "Abschlag ändern",
        "Ändert den monatlichen Abschlag",
        Detection(AI),
        (
            AgentField("betrag", "number", "Neuer Abschlag in Euro", required=True),
            AgentField("gueltigAb", "date", "Ab wann der neue Abschlag gilt"),
        ),
    ),
    AiAgent(
        NEW_BANK,
        "e",
        "Change bank details",
        "",
        Detection(AI, None, "The customer has a new bank account"),
        (
            AgentField("iban", "iban", "New IBAN", required=True),
            AgentField("accountHolder", "string", "Name of the account holder"),
        ),
    ),
)
