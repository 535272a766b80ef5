"""Rules of the fake provider: which call gets which fault, and how often."""

from typing import Any

import pytest

from tests.fakes.faults import Asked, Rule, Script


def asked(**body: Any) -> Asked:
    return Asked({"model": "m", "messages": [], **body})


def outline() -> Asked:
    shape = {"type": "json_schema", "json_schema": {"name": "outline", "schema": {}}}
    return asked(response_format=shape)


def picked(script: Script, *calls: Asked) -> list[str | None]:
    rules = [script.pick(call) for call in calls]
    return [rule.fault if rule else None for rule in rules]


def script(*rules: dict[str, Any]) -> Script:
    return Script([Rule.read(rule) for rule in rules])


def test_a_rule_is_used_up() -> None:
    assert picked(script({"fault": "500"}), asked(), asked()) == ["500", None]


def test_a_rule_may_hold_always() -> None:
    assert picked(script({"fault": "html", "times": "always"}), *[asked()] * 3) == ["html"] * 3


def test_a_rule_waits_for_its_schema_model_and_words() -> None:
    found = script(
        {"fault": "cut", "match": {"schema": "outline"}},
        {"fault": "503", "match": {"stream": True}},
        {"fault": "429", "match": {"contains": "plants"}},
    )
    plants = asked(messages=[{"role": "user", "content": "Of plants."}])
    assert picked(found, asked(), plants, asked(stream=True), outline()) == [
        None,
        "429",
        "503",
        "cut",
    ]


def test_nth_counts_the_calls_that_fit_the_rest() -> None:
    found = script({"fault": "500", "match": {"schema": "outline", "nth": 2}})
    assert picked(found, outline(), asked(), outline(), outline()) == [None, None, "500", None]


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        Rule.read({"fault": "earthquake"})


def test_equal_requests_have_equal_hashes() -> None:
    one, same, other = asked(a=1, b=2), asked(b=2, a=1), asked(a=1)
    assert one.hash == same.hash != other.hash
    assert one.messages == other.messages
