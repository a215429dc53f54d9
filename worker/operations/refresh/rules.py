"""The tag stage without any engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from worker.domain.brought import brought_by_tags
from worker.domain.conditions import Facts, facts_of
from worker.domain.due_dates import BusinessCalendar
from worker.domain.entities import AiAgent, Tag
from worker.domain.plans import DROPS_MANUAL_TAGS
from worker.domain.tags import ai_candidates, redetect, rule_matches
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
    calendar: BusinessCalendar

    @property
    def zone(self) -> tzinfo:
        """That of times without one."""
        return self.calendar.zone

    def tags(self, draft: Draft, found_by_ai: Callable[[Sequence[Tag]], list[int]] | None = None) -> Proposal:
        """Detect tags by rules and, where an engine may be asked, by it."""
        facts = self.facts(draft)
        tags = self.definitions.tags
        by_ai = None if found_by_ai is None else found_by_ai(ai_candidates(tags.values(), facts))
        current = draft.seen.tags
        by_rule = rule_matches(tags.values(), facts)
        new = redetect(current, tags, by_rule, by_ai, drop_manual=draft.run.mode in DROPS_MANUAL_TAGS)
        brought = brought_by_tags(draft.seen, new, tags, self.calendar)
        return Proposal(
            tags=new,
            values={name: one.value for name, one in brought.items()},
            causes={name: one.cause for name, one in brought.items()},
        )

    def facts(self, draft: Draft) -> Facts:
        """What conditions may ask about."""
        return facts_of(draft.seen, draft.customer, draft.contract, self.zone)
