"""The policy is adopted as a text; that text says all of it and is read back to the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.tool import Risk
from bot.sign_off.digest import digest
from bot.sign_off.policy import DEFAULT_RULES, Policy, Rule
from tests.unit.plans import PEOPLE

seconds = st.integers(0, 10**7).map(lambda s: timedelta(seconds=s))
rules = st.builds(Rule, st.integers(1, 5), seconds, seconds, st.booleans())
policies = st.builds(
    Policy,
    st.fixed_dictionaries(dict.fromkeys(Risk, rules)),
    seconds,
    st.frozensets(st.sampled_from(PEOPLE)),
)


@given(policies)
def test_the_text_gives_the_same_policy_back(policy: Policy) -> None:
    """`parse` is the inverse of `content`, for every policy of whole seconds."""
    assert Policy.parse(policy.content()) == policy


@given(policies, policies)
def test_two_policies_share_a_text_only_when_they_are_equal(one: Policy, other: Policy) -> None:
    """Whatever differs between two policies differs in the text that N3 sign."""
    assert (one.content() == other.content()) == (one == other)


@given(st.floats(0, 10**6), st.floats(0.001, 10**5))
def test_fractions_of_a_second_settle_at_the_first_text(wait: float, sign: float) -> None:
    """What was adopted once stays what it is: writing and reading it again changes nothing."""
    rule = Rule(1, timedelta(seconds=sign), timedelta(seconds=sign))
    text = Policy(dict.fromkeys(Risk, rule), timedelta(seconds=wait)).content()
    assert Policy.parse(text).content() == text


@given(rules, rules, st.sampled_from(Risk))
def test_a_changed_rule_changes_what_a_plan_is_digested_with(one: Rule, other: Rule, risk: Risk) -> None:
    """Signatures, both times and pinning are all part of a plan's digest."""
    entries = [Policy(dict(DEFAULT_RULES) | {risk: rule}).entry(risk) for rule in (one, other)]
    assert (digest(entries[0]) == digest(entries[1])) == (one == other)


@pytest.mark.parametrize("signatures", [0, -1])
def test_a_rule_needs_a_signature(signatures: int) -> None:
    """There is no rule under which something runs unsigned."""
    with pytest.raises(ValueError, match="nothing may run unsigned"):
        Rule(signatures, timedelta(minutes=1), timedelta(minutes=1))


def test_destructive_actions_need_two_pinned_people_by_default() -> None:
    """The default asks more of what cannot be taken back."""
    assert DEFAULT_RULES[Risk.DESTRUCTIVE].pinned
    assert [DEFAULT_RULES[risk].signatures for risk in (Risk.LOW, Risk.HIGH, Risk.DESTRUCTIVE)] == [1, 2, 2]
