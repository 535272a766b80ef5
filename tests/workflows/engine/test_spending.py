"""The calls of a span, in one event."""

from workflows.engine.spending import CALLS_KEPT, usage
from workflows.wire.codec import encode
from workflows.wire.events import Call, Error, SpanCompleted, SpanFailed, Usage


def test_a_few_calls_stay_as_they_were() -> None:
    calls = [Call("p", "m", n, n, 0.5, 12.0) for n in range(CALLS_KEPT)]
    assert usage(calls) == Usage(tuple(calls))
    assert usage([]) == Usage()


def test_very_many_are_summed_up_by_model_and_outcome() -> None:
    calls = [
        Call("a-provider", f"a-model-{n % 2}", 1, 2, 0.25, 912.345678, id=f"{n:032}")
        for n in range(1000)
    ]
    spent = usage(calls).calls
    assert len(spent) == CALLS_KEPT + 2
    assert sum(call.prompt_tokens or 0 for call in spent) == 1000
    assert sum(call.cost_usd or 0 for call in spent) == 250
    assert [call.id for call in spent[:3]] == ["", "", f"{800:032}"]
    assert encode(SpanCompleted(usage=Usage(spent)), at=1).size < 64 * 1024


def test_long_names_leave_room_for_an_error_beside_them() -> None:
    """However its step ends, what it has spent is told."""
    model = "accounts/fireworks/models/llama-v4-maverick-instruct-basic"
    calls = [Call("p" * 40, model, 12345, 1234, 0.0123456789, 1234.567, id="x" * 32)] * 250
    error = Error("internal", "e" * 16 * 1024)
    assert encode(SpanFailed(error, usage=usage(calls)), at=1).size < 64 * 1024
    assert sum(call.prompt_tokens or 0 for call in usage(calls).calls) == 250 * 12345


def test_one_unknown_price_makes_the_sum_unknown() -> None:
    calls = [Call("p", "m", 1, None, cost) for cost in (1.0, None, 1.0)] + [
        Call("p", "m", 1, 1, 1.0)
    ] * CALLS_KEPT
    early = usage(calls).calls[0]
    assert (early.prompt_tokens, early.completion_tokens, early.cost_usd) == (3, None, None)
