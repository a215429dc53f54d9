"""The tag stage without any engine, and what newly assigned tags bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from worker.domain.conditions import Facts, facts_of
from worker.domain.due_dates import due_after, hours_of
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
        return Proposal(tags=new, values=self._brought(draft, new))

    def _brought(self, draft: Draft, new: Mapping[int, TagSource]) -> dict[str, Value]:
        """What newly assigned tags set, and only they: a person may have decided since an older one came.

        All tags count then, so that no new one lowers a priority or puts off a date that another asks for.
        """
        tags, seen = self.definitions.tags, draft.seen
        assigned = [tag_id for tag_id, source in new.items() if seen.tags.get(tag_id) is not source]
        values: dict[str, Value] = {}
        if priority_of(assigned, tags) is not None:
            values["priority"] = priority_of(new, tags)
        hours, created_at = hours_of(new, tags), seen.values["createdAt"]
        if hours_of(assigned, tags) is not None and hours is not None and not seen.values["dueByManual"]:
            assert isinstance(created_at, datetime)  # noqa: S101 - always stored as a time
            values["dueBy"] = due_after(created_at, hours, self.zone)
        return values

    def facts(self, draft: Draft) -> Facts:
        """What conditions may ask about."""
        return facts_of(draft.seen, draft.customer, draft.contract, self.zone)
