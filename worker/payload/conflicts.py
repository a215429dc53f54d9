"""Fields that cannot stand together in one item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from worker.domain.entities import Value
from worker.domain.words import Channel, ErrorCode
from worker.payload.addresses import is_address
from worker.payload.ids import read_id
from worker.payload.remarks import ItemError
from worker.payload.wrong import Wrong


def check_sender(values: Mapping[str, Value], channel: object) -> ItemError | None:
    """What is wrong with the `from` of a patch on a ticket of this channel: null is allowed on `system` alone."""
    if "from" in values and values["from"] is None and channel != Channel.SYSTEM:
        return ItemError(ErrorCode.NULL_NOT_ALLOWED, "from", "must not be null unless the channel is system")
    return None


def check_recipients(values: Mapping[str, Value], channel: object) -> Iterator[ItemError]:
    """Entries of a patched `to` that are no e-mail addresses, though the ticket's channel is e-mail (page: `to`)."""
    to = values.get("to")
    for index, entry in enumerate(to if isinstance(to, list) and channel == Channel.EMAIL else ()):
        if not is_address(str(entry)):
            yield ItemError(ErrorCode.INVALID_VALUE, f"to[{index}]", "must be an e-mail address")


def tag_conflicts(raw: Mapping[str, object]) -> Iterator[ItemError]:
    """`tagIds` beside the deltas, even empty ones, and every tag both added and removed."""
    if "tagIds" in raw and ("addTagIds" in raw or "removeTagIds" in raw):
        message = "cannot be used together with addTagIds or removeTagIds"
        yield ItemError(ErrorCode.CONFLICTING_FIELDS, "tagIds", message)
    if "addTagIds" in raw and "removeTagIds" in raw:
        removed = {tag_id for _, tag_id in _tag_ids(raw["removeTagIds"])}
        for index, tag_id in _tag_ids(raw["addTagIds"]):
            if tag_id in removed:
                yield ItemError(ErrorCode.CONFLICTING_FIELDS, f"addTagIds[{index}]", "is in removeTagIds, too")


def _tag_ids(entries: object) -> Iterator[tuple[int, int]]:
    """The ids of a list with their positions; what is no id has been reported where it was read."""
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        try:
            yield index, read_id(entry)
        except Wrong:
            continue
