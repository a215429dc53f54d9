"""Which tags are found, kept, dropped, and what they bring."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.domain.conditions import Facts
from worker.domain.entities import Detection, Tag
from worker.domain.tags import ai_candidates, eligible, redetect, rule_matches, with_default
from worker.domain.words import DetectionType, TagSource

EMAIL = Facts({"channel": "email", "subchannelId": 2})
HOLDS = {"field": "channel", "operator": "Equal", "value": "email"}
FAILS = {"field": "channel", "operator": "Equal", "value": "chat"}
MANUAL, RULE, AI, DEFAULT = TagSource.MANUAL, TagSource.RULE, TagSource.AI, TagSource.DEFAULT


def tag(
    kind: DetectionType = DetectionType.CONDITION,
    condition: Mapping[str, object] | None = None,
    *,
    enabled: bool = True,
    channels: frozenset[str] = frozenset(),
    subchannels: frozenset[int] = frozenset(),
) -> Tag:
    detection = Detection(kind, condition)
    return Tag(1, "Tag", detection, enabled=enabled, channels=channels, subchannels=subchannels)


def named(*tags: Tag) -> dict[int, Tag]:
    return {one.id: one for one in tags}


ANY, OTHER, OFF = Tag(1, "Any"), Tag(2, "Other"), Tag(3, "Off", enabled=False)
FALLBACK = Tag(9, "Fallback", default=True)
TAGS = named(ANY, OTHER, OFF, FALLBACK)


@pytest.mark.parametrize(
    ("limited", "expected"),
    [
        (tag(), True),
        (tag(channels=frozenset({"email", "chat"})), True),
        (tag(channels=frozenset({"chat"})), False),
        (tag(subchannels=frozenset({2})), True),
        (tag(subchannels=frozenset({4})), False),
        (tag(channels=frozenset({"email"}), subchannels=frozenset({4})), False),
        (tag(enabled=False), False),
    ],
)
def test_channels_subchannels_and_the_switch_limit_where_a_tag_is_found(limited: Tag, *, expected: bool) -> None:
    assert eligible(limited, "email", 2) is expected


def test_a_ticket_without_subchannel_gets_no_subchannel_tag() -> None:
    assert not eligible(tag(subchannels=frozenset({4})), "email", None)


@pytest.mark.parametrize(
    ("kind", "by_rule_when_it_holds", "asked_when_it_holds", "by_rule_when_it_fails", "asked_when_it_fails"),
    [
        (DetectionType.MANUAL, False, False, False, False),
        (DetectionType.AI, False, True, False, True),
        (DetectionType.CONDITION, True, False, False, False),
        (DetectionType.AI_AND_CONDITION, False, True, False, False),
        (DetectionType.AI_OR_CONDITION, True, True, False, True),
    ],
)
def test_the_detection_type_says_who_may_find_a_tag(
    kind: DetectionType,
    *,
    by_rule_when_it_holds: bool,
    asked_when_it_holds: bool,
    by_rule_when_it_fails: bool,
    asked_when_it_fails: bool,
) -> None:
    holding, failing = tag(kind, HOLDS), tag(kind, FAILS)
    assert bool(rule_matches([holding], EMAIL)) is by_rule_when_it_holds
    assert bool(ai_candidates([holding], EMAIL)) is asked_when_it_holds
    assert bool(rule_matches([failing], EMAIL)) is by_rule_when_it_fails
    assert bool(ai_candidates([failing], EMAIL)) is asked_when_it_fails


@pytest.mark.parametrize("limits", [{"channels": frozenset({"email"})}, {"subchannels": frozenset({2})}])
def test_a_condition_tag_without_a_condition_is_assigned_by_its_limits_alone(limits: dict[str, frozenset[str]]) -> None:
    assert rule_matches([tag(**limits)], EMAIL) == {1}  # type: ignore[arg-type]


def test_a_condition_tag_without_condition_and_limits_is_never_assigned() -> None:
    assert rule_matches([tag()], EMAIL) == set()


def test_an_or_tag_without_a_condition_is_left_to_ai() -> None:
    either = tag(DetectionType.AI_OR_CONDITION, channels=frozenset({"email"}))
    assert rule_matches([either], EMAIL) == set()
    assert ai_candidates([either], EMAIL) == [either]


def test_a_condition_does_not_lift_the_limits() -> None:
    assert rule_matches([tag(condition=HOLDS, channels=frozenset({"chat"}))], EMAIL) == set()


@pytest.mark.parametrize("kind", DetectionType)
def test_a_disabled_tag_is_found_by_nobody(kind: DetectionType) -> None:
    off = tag(kind, HOLDS, enabled=False)
    assert not rule_matches([off], EMAIL)
    assert not ai_candidates([off], EMAIL)


def test_candidates_come_by_id() -> None:
    asked = [Tag(number, "Tag", Detection(DetectionType.AI)) for number in (3, 1, 2)]
    assert [one.id for one in ai_candidates(asked, EMAIL)] == [1, 2, 3]


def test_manual_tags_are_dropped_when_asked_and_automatic_ones_are_kept() -> None:
    assert redetect({1: MANUAL, 2: AI, 5: RULE}, TAGS, (), (), drop_manual=True) == {2: AI, 5: RULE}


def test_manual_tags_stay_when_they_are_not_to_be_dropped() -> None:
    assert redetect({1: MANUAL}, TAGS, {1}, [2], drop_manual=False) == {1: MANUAL, 2: AI}


def test_a_dropped_manual_tag_that_is_found_again_is_an_automatic_one() -> None:
    assert redetect({1: MANUAL, 2: MANUAL}, TAGS, {1}, [2], drop_manual=True) == {1: RULE, 2: AI}


def test_what_stays_keeps_its_source() -> None:
    assert redetect({1: AI}, TAGS, {1}, None, drop_manual=True) == {1: AI}


def test_a_rule_goes_before_ai_as_source() -> None:
    assert redetect({}, TAGS, {1}, [1], drop_manual=True) == {1: RULE}


def test_a_disabled_or_undefined_tag_is_not_assigned() -> None:
    assert redetect({}, TAGS, {3, 77}, [3, 78], drop_manual=True) == {9: DEFAULT}


def test_an_automatic_tag_that_was_switched_off_since_is_kept() -> None:
    assert redetect({3: RULE}, TAGS, (), None, drop_manual=True) == {3: RULE}


def test_a_ticket_left_without_any_tag_gets_the_default_tag() -> None:
    assert redetect({1: MANUAL}, TAGS, (), (), drop_manual=True) == {9: DEFAULT}


def test_the_default_tag_goes_when_another_comes() -> None:
    assert redetect({9: DEFAULT}, TAGS, (), [1], drop_manual=True) == {1: AI}


def test_the_default_tag_stays_while_no_other_comes() -> None:
    assert redetect({9: DEFAULT}, TAGS, (), (), drop_manual=True) == {9: DEFAULT}


def test_a_default_tag_that_is_found_is_no_default() -> None:
    assert redetect({9: DEFAULT}, TAGS, {9}, (), drop_manual=True) == {9: RULE}


def test_a_standing_default_tag_is_not_exchanged_for_another() -> None:
    tags = named(Tag(4, "New default", default=True), Tag(9, "Old default"))
    assert redetect({9: DEFAULT}, tags, (), (), drop_manual=True) == {9: DEFAULT}


def test_without_a_default_tag_a_ticket_stays_bare() -> None:
    assert redetect({}, named(ANY, Tag(9, "Off", enabled=False, default=True)), (), (), drop_manual=True) == {}


def test_of_several_default_tags_the_least_id_is_taken() -> None:
    assert with_default({}, {}, named(Tag(8, "B", default=True), Tag(4, "A", default=True))) == {4: DEFAULT}


def test_a_child_tag_does_not_bring_its_parent() -> None:
    assert redetect({}, named(ANY, Tag(2, "Child", parent=1)), {2}, None, drop_manual=True) == {2: RULE}


IDS = st.integers(1, 12)
CURRENT = st.dictionaries(IDS, st.sampled_from(TagSource))


@given(current=CURRENT, rule=st.sets(IDS), ai=st.none() | st.lists(IDS), drop_manual=st.booleans())
def test_a_ticket_always_has_a_tag_when_a_default_exists(
    current: dict[int, TagSource], rule: set[int], ai: list[int] | None, *, drop_manual: bool
) -> None:
    assert redetect(current, TAGS, rule, ai, drop_manual=drop_manual)


@given(current=CURRENT, rule=st.sets(IDS), ai=st.none() | st.lists(IDS), drop_manual=st.booleans())
def test_no_disabled_or_undefined_tag_ever_comes_new(
    current: dict[int, TagSource], rule: set[int], ai: list[int] | None, *, drop_manual: bool
) -> None:
    after = redetect(current, TAGS, rule, ai, drop_manual=drop_manual)
    assert set(after) - set(current) <= {one.id for one in TAGS.values() if one.enabled}


@given(current=CURRENT, rule=st.sets(IDS), ai=st.none() | st.lists(IDS), drop_manual=st.booleans())
def test_detecting_the_same_again_changes_nothing(
    current: dict[int, TagSource], rule: set[int], ai: list[int] | None, *, drop_manual: bool
) -> None:
    once = redetect(current, TAGS, rule, ai, drop_manual=drop_manual)
    assert redetect(once, TAGS, rule, ai, drop_manual=drop_manual) == once


@given(CURRENT, st.sets(IDS), st.none() | st.lists(IDS))
def test_no_manual_tag_survives_dropping(current: dict[int, TagSource], rule: set[int], ai: list[int] | None) -> None:
    assert MANUAL not in redetect(current, TAGS, rule, ai, drop_manual=True).values()
