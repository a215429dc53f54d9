"""Which tags a ticket gets, keeps and loses (contract section 4)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from worker.domain.conditions import Facts, matches
from worker.domain.entities import Tag
from worker.domain.words import DetectionType, TagSource

_BY_AI = frozenset({DetectionType.AI, DetectionType.AI_OR_CONDITION, DetectionType.AI_AND_CONDITION})
_BY_RULE = frozenset({DetectionType.CONDITION, DetectionType.AI_OR_CONDITION})


def eligible(tag: Tag, channel: object, subchannel_id: object) -> bool:
    """Whether a tag may be found on this channel and subchannel; no limits mean all, disabled tags never are."""
    on_channel = not tag.channels or channel in tag.channels
    on_subchannel = not tag.subchannels or subchannel_id in tag.subchannels
    return tag.enabled and on_channel and on_subchannel


def _eligible(tag: Tag, facts: Facts) -> bool:
    return eligible(tag, facts.ticket.get("channel"), facts.ticket.get("subchannelId"))


def rule_matches(tags: Iterable[Tag], facts: Facts) -> set[int]:
    """Ids of the tags that rules alone assign: condition tags, and the condition half of "AI or condition"."""
    return {tag.id for tag in tags if tag.detection.type in _BY_RULE and _eligible(tag, facts) and _rule(tag, facts)}


def _rule(tag: Tag, facts: Facts) -> bool:
    if tag.detection.condition is not None:
        return matches(tag.detection.condition, facts)
    # A channel or subchannel tag. One without limits would stand on every ticket, and an "or" without a condition has
    # nothing but its AI half.
    return tag.detection.type is DetectionType.CONDITION and bool(tag.channels or tag.subchannels)


def ai_candidates(tags: Iterable[Tag], facts: Facts) -> list[Tag]:
    """The tags that an engine may be asked about now, by id; "AI and condition" only while its condition holds."""
    asked = (tag for tag in tags if tag.detection.type in _BY_AI and _eligible(tag, facts) and _may_ask(tag, facts))
    return sorted(asked, key=lambda tag: tag.id)


def _may_ask(tag: Tag, facts: Facts) -> bool:
    if tag.detection.type is not DetectionType.AI_AND_CONDITION:
        return True
    return tag.detection.condition is None or matches(tag.detection.condition, facts)


def redetect(
    current: Mapping[int, TagSource],
    tags: Mapping[int, Tag],
    rule: Collection[int],
    ai: Sequence[int] | None,
    *,
    drop_manual: bool,
) -> dict[int, TagSource]:
    """The tags of a ticket after detection, with their sources.

    `tags` are the definitions, `rule` and `ai` the ids that were found; `ai` is None when no engine was asked.
    Automatically assigned tags stay; manual ones stay unless `drop_manual`, and then come back as found when they are
    found. What stays keeps its source.
    """
    kept: dict[int, TagSource] = {
        tag_id: source
        for tag_id, source in current.items()
        if not (drop_manual and source is TagSource.MANUAL) and source is not TagSource.DEFAULT
    }
    for found, source in ((rule, TagSource.RULE), (ai or (), TagSource.AI)):
        for tag_id in sorted(found):
            if tag_id in tags and tags[tag_id].enabled:
                kept.setdefault(tag_id, source)
    return with_default(kept, current, tags)


def with_default(
    chosen: Mapping[int, TagSource], current: Mapping[int, TagSource], tags: Mapping[int, Tag]
) -> dict[int, TagSource]:
    """The chosen tags; without any, the default tag: the one the ticket has, else the enabled one with the least id.

    The default tag knows no channel limits, for it is what remains.
    """
    others: dict[int, TagSource] = {
        tag_id: source for tag_id, source in chosen.items() if source is not TagSource.DEFAULT
    }
    if others:
        return others
    standing = sorted(tag_id for tag_id, source in current.items() if source is TagSource.DEFAULT)
    defined = sorted(tag.id for tag in tags.values() if tag.default and tag.enabled)
    return dict.fromkeys((standing or defined)[:1], TagSource.DEFAULT)
