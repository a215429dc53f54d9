"""What of a ticket an answer tells that travels through the result store and Flower, where many can read it."""

from __future__ import annotations

from collections.abc import Mapping

VISIBLE = frozenset(
    "status priority spamStatus agentId assignedAgentIds customerId contractId partnerId customerLegitimation"
    " aiSupportLevel autoExecuteAt dueBy firstResponseDueBy isEscalated isCustomerActive sentiment language"
    " languageCode subchannelId channel channelId externalTicketId interface responderId tagIds addTagIds removeTagIds"
    " closedAt".split()
)
"""Words of the page, ids, levels and times: told as they are."""

MEASURED = frozenset(
    "subject summary body bodyPlain bodyClean additionalData from fromName to ccEmails bccEmails replyCcEmails"
    " customerLegitimationMessage".split()
)
"""Whatever people write and where they can be reached: told by its size alone."""


def disclosed(name: str, value: object) -> object:
    """What may be told of a field's value: itself, or `{"characters": n}` of a text, `{"entries": n}` of the rest.

    A field that nobody has decided about is measured. Nothing is always told as nothing.
    """
    if value is None or name in VISIBLE:
        return value
    if isinstance(value, (list, tuple, Mapping)):
        return {"entries": len(value)}
    return {"characters": len(str(value))}
