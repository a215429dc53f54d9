"""The thinking of refresh runs: each draft goes through the stages of its mode, with no transaction open."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from worker.business_calendar import business_calendar
from worker.context import Context
from worker.domain.failures import Permanent, Transient
from worker.domain.words import RefreshMode, Stage
from worker.operations.refresh.attempt import Work, attempt, guarded, or_instead
from worker.operations.refresh.customer import identify_customer
from worker.operations.refresh.draft import Draft
from worker.operations.refresh.rules import Definitions, Rules
from worker.operations.refresh.side_by_side import side_by_side
from worker.operations.refresh.stages import Thinking
from worker.operations.refresh.standing import Standing, unless_it_stands

_ORDER = list(Stage)
_UNTIL_CUSTOMER = _ORDER[: _ORDER.index(Stage.CUSTOMER)]
_AFTER_CUSTOMER = _ORDER[_ORDER.index(Stage.CUSTOMER) + 1 :]

Works = dict[Stage, Work]


def think(context: Context, drafts: Sequence[Draft], definitions: Definitions) -> Standing | None:
    """Run the stages of each draft's mode; on what an engine's results rest."""
    rules = Rules(definitions, business_calendar(context.settings))
    thinking = [draft for draft in drafts if draft.thinking]
    for draft in thinking:
        if draft.run.mode is RefreshMode.TAGS_RULE_BASED:
            attempt(Stage.TAGS, draft, rules.tags)
    others = [draft for draft in thinking if draft.run.mode is not RefreshMode.TAGS_RULE_BASED]
    return _think_with_engine(context, others, rules) if others else None


def _think_with_engine(context: Context, drafts: Sequence[Draft], rules: Rules) -> Standing:
    """Each draft by itself, so that none waits for the slowest; for the customer they meet: a look-up serves all."""
    engine = context.engine()
    standing = Standing(engine.fingerprint, rules)
    thinking = Thinking(engine, rules)
    instead = Thinking(engine.fallback, rules) if engine.fallback else None
    works = _works(thinking, instead, standing, attempts=len(context.settings.retry_delays) + 1)
    _side_by_side(_UNTIL_CUSTOMER, works, drafts, engine.at_once)
    _identify(context, _due(drafts, [Stage.CUSTOMER]), thinking)
    _side_by_side(_AFTER_CUSTOMER, works, drafts, engine.at_once)
    return standing


def _works(thinking: Thinking, instead: Thinking | None, standing: Standing, attempts: int) -> Works:
    """What does each stage; where there is a fallback, also what the engine failed to do. What stands is left."""
    works: Works = {stage: getattr(thinking, stage.value) for stage in (*_UNTIL_CUSTOMER, *_AFTER_CUSTOMER)}
    if instead is not None:
        works = {
            stage: or_instead(stage, work, getattr(instead, stage.value), attempts) for stage, work in works.items()
        }
    return {stage: unless_it_stands(stage, work, standing) for stage, work in works.items()}


def _side_by_side(stages: Sequence[Stage], works: Works, drafts: Sequence[Draft], at_once: int) -> None:
    side_by_side(partial(_go_through, stages, works), _due(drafts, stages), at_once)


def _due(drafts: Sequence[Draft], stages: Sequence[Stage]) -> list[Draft]:
    """Those that any of the stages is left for."""
    return [draft for draft in drafts if any(map(draft.due, stages))]


def _go_through(stages: Sequence[Stage], works: Works, draft: Draft) -> None:
    for stage in stages:
        if draft.due(stage):
            attempt(stage, draft, works[stage])


def _identify(context: Context, due: Sequence[Draft], thinking: Thinking) -> None:
    gathered = [(draft, guarded(Stage.CUSTOMER, draft, thinking.evidence)) for draft in due]
    found = [(draft, evidence) for draft, evidence in gathered if evidence is not None]
    try:
        every = context.directory.find([evidence for _, evidence in found]) if found else []
    except (Transient, Permanent) as failure:
        for draft, _ in found:
            draft.fail(Stage.CUSTOMER, failure)
        return
    # For each those whom its own evidence may mean: what others of the chunk name decides nothing.
    for (draft, evidence), candidates in zip(found, every, strict=True):
        attempt(Stage.CUSTOMER, draft, partial(identify_customer, evidence=evidence, candidates=candidates))
