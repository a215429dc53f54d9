"""Which stages a mode runs, in order (contract section 4)."""

from __future__ import annotations

from worker.domain.words import RefreshMode, Stage

STAGES: dict[RefreshMode, tuple[Stage, ...]] = {
    RefreshMode.FULL: tuple(Stage),
    RefreshMode.SUMMARY_AND_TEXT: (Stage.TEXT, Stage.SUMMARY, Stage.SENTIMENT),
    RefreshMode.CUSTOMER: (Stage.CUSTOMER, Stage.AGENTS),
    RefreshMode.TAGS: (Stage.TAGS,),
    RefreshMode.TAGS_RULE_BASED: (Stage.TAGS,),
    RefreshMode.AGENTS: (Stage.AGENTS,),
}

DROPS_MANUAL_TAGS = frozenset({RefreshMode.TAGS, RefreshMode.TAGS_RULE_BASED})
"""Modes that take manual tags away before they detect again; `full` leaves them."""

CONFIRMED_LEVEL = 30
"""From this `customerLegitimation` on a person (or a chat) has confirmed the customer."""
