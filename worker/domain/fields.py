"""The one table of the page's 61 fields: what each means on a patch (contract section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from worker.domain.words import AiSupportLevel, Channel, Interface, Priority, SpamStatus, Status

if TYPE_CHECKING:
    from enum import StrEnum


class Role(Enum):
    """What a patch may do with a field."""

    IDENTITY = auto()
    WRITABLE = auto()
    TAG_OPERATION = auto()
    DEPRECATED = auto()
    CONTROL = auto()
    IMMUTABLE = auto()
    COMPUTED = auto()


class Kind(Enum):
    """The wire type of a field; what the payload checks and what the row stores."""

    TEXT = auto()
    FLAG = auto()
    INTEGER = auto()  # a positive id, digit strings accepted
    LEVEL = auto()  # an integer from 0 upward
    LOOSE_ID = auto()  # a string id, numbers accepted
    TIME = auto()
    IDS = auto()  # a list of positive ids
    ADDRESSES = auto()  # a list of e-mail addresses
    RECIPIENTS = auto()  # a string or a list of strings
    OBJECT = auto()
    ANY = auto()  # computed fields: not checked at all


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the page.

    `column` is the name of the stored value; `limit` is the greatest number of characters; `choices` the enumeration.
    """

    name: str
    role: Role
    kind: Kind
    column: str = ""
    nullable: bool = False
    limit: int | None = None
    choices: type[StrEnum] | None = None


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _writable(
    name: str,
    kind: Kind,
    *,
    null: bool = True,
    limit: int | None = None,
    choices: type[StrEnum] | None = None,
    column: str = "",
) -> Field:
    return Field(name, Role.WRITABLE, kind, column or _snake(name), null, limit, choices)


SHORT = 255
LINE = 1_000
LONG = 5_000_000  # characters of a body; more is refused as too_long

_COMPUTED = (
    "replyRecipients customer agent assignedAgents workedOnBy workedOnByIds attachments tags intents agentSkillsMatch "
    "customerLegitimationMessage template rawData workitem createdAt modifiedAt closedAt"
).split()

_ALL = (
    Field("id", Role.IDENTITY, Kind.INTEGER, "id"),
    _writable("status", Kind.TEXT, null=False, choices=Status),
    _writable("priority", Kind.TEXT, null=False, choices=Priority),
    _writable("spamStatus", Kind.TEXT, choices=SpamStatus),
    _writable("agentId", Kind.INTEGER),
    _writable("assignedAgentIds", Kind.IDS, null=False),
    _writable("customerId", Kind.LOOSE_ID, limit=SHORT),
    _writable("contractId", Kind.LOOSE_ID, limit=SHORT),
    _writable("partnerId", Kind.INTEGER),
    _writable("customerLegitimation", Kind.LEVEL, null=False),
    _writable("aiSupportLevel", Kind.TEXT, null=False, choices=AiSupportLevel),
    _writable("autoExecuteAt", Kind.TIME),
    _writable("dueBy", Kind.TIME),
    _writable("firstResponseDueBy", Kind.TIME),
    _writable("isEscalated", Kind.FLAG, null=False),
    _writable("isCustomerActive", Kind.FLAG, null=False),
    _writable("subject", Kind.TEXT, null=False, limit=LINE),
    _writable("summary", Kind.TEXT, null=False, limit=LINE * 10),
    _writable("body", Kind.TEXT, limit=LONG),
    _writable("bodyPlain", Kind.TEXT, limit=LONG),
    _writable("bodyClean", Kind.TEXT, limit=LONG),
    _writable("sentiment", Kind.TEXT, limit=SHORT),
    _writable("language", Kind.TEXT, limit=SHORT),
    _writable("languageCode", Kind.TEXT, limit=35),
    _writable("from", Kind.TEXT, limit=LINE, column="sender"),  # null on channel `system` alone
    _writable("fromName", Kind.TEXT, limit=LINE),
    _writable("to", Kind.RECIPIENTS, null=False, column="recipients"),
    _writable("subchannelId", Kind.INTEGER),
    _writable("channel", Kind.TEXT, null=False, choices=Channel),
    _writable("channelId", Kind.TEXT, limit=SHORT),
    _writable("externalTicketId", Kind.TEXT, limit=SHORT),
    _writable("additionalData", Kind.OBJECT),
    _writable("interface", Kind.TEXT, null=False, choices=Interface),
    _writable("responderId", Kind.INTEGER),
    Field("tagIds", Role.TAG_OPERATION, Kind.IDS),
    Field("addTagIds", Role.TAG_OPERATION, Kind.IDS),
    Field("removeTagIds", Role.TAG_OPERATION, Kind.IDS),
    Field("ccEmails", Role.DEPRECATED, Kind.ADDRESSES, "reply_cc"),
    Field("bccEmails", Role.DEPRECATED, Kind.ADDRESSES, "reply_bcc"),
    Field("replyCcEmails", Role.DEPRECATED, Kind.ADDRESSES, "reply_cc"),
    Field("refreshMode", Role.CONTROL, Kind.TEXT, nullable=True),
    Field("refresh", Role.CONTROL, Kind.FLAG),
    Field("refreshTags", Role.CONTROL, Kind.FLAG),
    Field("direction", Role.IMMUTABLE, Kind.TEXT),
    *(Field(name, Role.COMPUTED, Kind.ANY, _snake(name), nullable=True) for name in _COMPUTED),
)

FIELDS: dict[str, Field] = {field.name: field for field in _ALL}

SHOWN_ONLY = frozenset({"tagSources", "history", "worklog", "refreshes"})
"""What `show ticket` adds to the page's shape; ignored on a patch like a computed field."""

WRITABLE: dict[str, Field] = {name: field for name, field in FIELDS.items() if field.role is Role.WRITABLE}
