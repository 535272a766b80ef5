"""What one span's tries at providers come to: for its own end, and for the ledger."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from workflows.engine.purse import Purse
from workflows.wire.events import Call
from workflows.wire.spend import UNSENT, Try


@dataclass(frozen=True, slots=True)
class Payer:
    """For what, and for whom."""

    run: str
    owner: str
    span: str
    attempt: int
    workflow: str


class Bill:
    """Without a purse, at a desk, only the span is told."""

    def __init__(self, payer: Payer, purse: Purse | None) -> None:
        self.calls: list[Call] = []
        self._payer = payer
        self._purse = purse
        self._begun: dict[str, Try] = {}

    async def begin(
        self, call: Call, usd: float | None, tokens: int, fence: Callable[[], Awaitable[None]]
    ) -> None:
        """Write down that the call begins, and what it may come to, in one go with its fence."""
        if self._purse is None:
            await fence()
            return
        tried = self._tried(call, usd, tokens)
        self._begun[call.id] = tried
        written = self._purse.put(tried)
        try:
            await fence()
            await written
        except BaseException:
            self.end(replace(call, status=UNSENT))
            raise

    def end(self, call: Call) -> bool:
        """It counts, unless no byte of it left."""
        tried = self._begun.pop(call.id, None)
        if tried is not None and self._purse is not None:
            self._purse.put(_ended(tried, call))
        if call.status != UNSENT:
            self.calls.append(call)
        return call.status != UNSENT

    def _tried(self, call: Call, usd: float | None, tokens: int) -> Try:
        payer = self._payer
        return Try(
            id=call.id,
            run=payer.run,
            owner=payer.owner,
            span=payer.span,
            attempt=payer.attempt,
            workflow=payer.workflow,
            provider=call.provider,
            model=call.model,
            began_at=_now_ms(),
            expected_tokens=tokens,
            expected_usd=usd,
        )


def _ended(tried: Try, call: Call) -> Try:
    """What did not leave costs nothing, and is known to."""
    nothing = call.status == UNSENT
    return replace(
        tried,
        ended_at=_now_ms(),
        prompt_tokens=0 if nothing else call.prompt_tokens,
        completion_tokens=0 if nothing else call.completion_tokens,
        cost_usd=0.0 if nothing else call.cost_usd,
        status=call.status,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
