"""What a span's provider tries came to, in a size that fits into one event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workflows.engine.cache import Spent
from workflows.wire.codec import dumps
from workflows.wire.events import Call, Usage

CALLS_KEPT = 200
USAGE_BYTES = 42 * 1024  # an error of 16 KB may stand beside it


def usage(calls: Sequence[Call]) -> Usage:
    """The calls as they were; of very many, the earliest are summed up by model and outcome."""
    kept = CALLS_KEPT
    while len(dumps(said := _usage(calls, kept))) > USAGE_BYTES and kept > 1:
        kept //= 2
    return said


def _usage(calls: Sequence[Call], kept: int) -> Usage:
    early, late = calls[:-kept], calls[-kept:]
    sums: dict[tuple[str, str, str], Call] = {}
    for call in early:
        kind = (call.provider, call.model, call.status)
        sums[kind] = _sum(sums[kind], call) if kind in sums else _first(call)
    return Usage((*sums.values(), *late))


def spent(before: Spent, call: Call) -> Spent:
    """One unknown part makes the sum unknown."""
    tokens = _plus(call.prompt_tokens, call.completion_tokens)
    usd = None if before.usd is None or call.cost_usd is None else before.usd + call.cost_usd
    return Spent(_plus(before.tokens, tokens), usd)


def _first(call: Call) -> Call:
    return replace(call, first_token_ms=None, id="")


def _sum(a: Call, b: Call) -> Call:
    """One unknown part makes the sum unknown."""
    return replace(
        a,
        prompt_tokens=_plus(a.prompt_tokens, b.prompt_tokens),
        completion_tokens=_plus(a.completion_tokens, b.completion_tokens),
        cost_usd=None if a.cost_usd is None or b.cost_usd is None else a.cost_usd + b.cost_usd,
    )


def _plus(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b
