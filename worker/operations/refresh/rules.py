"""The tag stage without any engine, and what newly assigned tags bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from worker.domain.conditions import Facts, facts_of
from worker.domain.entities import AiAgent, Tag, Value
from worker.domain.plans import DROPS_MANUAL_TAGS
from worker.domain.tags import ai_candidates, priority_of, redetect, rule_matches
from worker.domain.words import TagSource
from worker.operations.refresh.draft import Draft, Proposal


@dataclass(frozen=True, slots=True)
class Definitions:
    """The tags and AI agents there are."""

    tags: Mapping[int, Tag]
    agents: Mapping[int, AiAgent]


@dataclass(frozen=True, slots=True)
class Rules:
    """The tag stage without any engine: what `tagsRuleBased` is handed."""

    definitions: Definitions
    zone: ZoneInfo

    def tags(self, draft: Draft, found_by_ai: Callable[[Sequence[Tag]], list[int]] | None = None) -> Proposal:
        """Detect tags by rules and, where an engine may be asked, by it."""
        facts = self.facts(draft)
        tags = self.definitions.tags
        by_ai = None if found_by_ai is None else found_by_ai(ai_candidates(tags.values(), facts))
        current = draft.seen.tags
        by_rule = rule_matches(tags.values(), facts)
        new = redetect(current, tags, by_rule, by_ai, drop_manual=draft.run.mode in DROPS_MANUAL_TAGS)
        return Proposal(tags=new, values=_brought(current, new, tags))

    def facts(self, draft: Draft) -> Facts:
        """What conditions may ask about."""
        return facts_of(draft.seen, draft.customer, draft.contract, self.zone)


def _brought(
    current: Mapping[int, TagSource], new: Mapping[int, TagSource], tags: Mapping[int, Tag]
) -> dict[str, Value]:
    """What newly assigned tags set: the highest priority of all tags, so that none lowers what another asks for.

    Without a new tag nothing is set: a person may have chosen another priority since the last one came.
    """
    assigned = [tag_id for tag_id, source in new.items() if current.get(tag_id) is not source]
    if priority_of(assigned, tags) is None:
        return {}
    priority = priority_of(new, tags)
    return {} if priority is None else {"priority": priority.value}
