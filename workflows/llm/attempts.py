"""One try at a provider: its clock, what it used, and how it ended, said once to the ledger."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Literal
from uuid import uuid4

from workflows.engine.budget import Hold
from workflows.engine.context import Scope
from workflows.engine.errors import Failure, LeaseLost
from workflows.llm.completeness import Answer, Tally
from workflows.llm.deadlines import Deadlines
from workflows.llm.failures import failure_of, unbilled
from workflows.llm.limits import Pass, Rivals, its_turn
from workflows.llm.prices import NOTHING, Tokens, cost
from workflows.llm.providers import Provider
from workflows.wire.events import Call
from workflows.wire.spend import UNSENT

Wait = Literal["whole", "first", "chunk"]


class Attempt:
    """`model` is the provider's name for it. Outside a run there is no scope and no ledger.
    `rivals`: who could be asked instead."""

    def __init__(
        self,
        provider: Provider,
        model: str,
        deadlines: Deadlines,
        scope: Scope | None,
        answer: Answer | None = None,
        rivals: Rivals = (),
    ) -> None:
        self.provider = provider
        self.deadlines = deadlines
        self.tally: Answer = Tally() if answer is None else answer
        self.id = uuid4().hex
        self._model = model
        self._scope = scope
        self._rivals = rivals
        self._began = time.monotonic()
        self._first_token_ms: float | None = None
        self._ended = False
        self._hold: Hold | None = None
        self._pass: Pass | None = None

    async def begin(self, tokens: Tokens) -> None:
        """Everything that must be had before a byte leaves: the run's money, a turn at the
        provider, the run itself, and its place in the ledger. In this order: who has a turn must
        not wait for money that others hold who wait for a turn.

        `tokens`: what this try may come to. Raises Failure, LeaseLost.
        """
        if self._scope is not None:
            usd, both = cost(self._model, tokens), tokens.prompt + tokens.completion
            self._hold = await self._scope.reserve(usd, both)
            try:
                self._pass = await its_turn(
                    self.provider, self._model, tokens, self._scope, self._rivals
                )
                await self._scope.begin(self._call(""), usd, both)
            except BaseException:
                self._give_back()
                raise
        # Waiting for leave is not the provider's time.
        self._began = time.monotonic()

    def first_token(self) -> None:
        if self._first_token_ms is None:
            self._first_token_ms = (time.monotonic() - self._began) * 1000

    def check(self) -> None:
        """Raises Failure unless the answer is whole."""
        if (failure := self.tally.verdict(self.provider.title)) is not None:
            raise failure

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Errors go to the ledger and come out as Failures. LeaseLost does not: no try was made."""
        try:
            yield
        except BaseException as error:
            if (failure := self._broke(error)) is None:
                raise
            raise failure from (error.__cause__ if failure is error else error)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """The same, but errors come out as they are."""
        try:
            yield
        except BaseException as error:
            self._broke(error)
            raise

    def _broke(self, error: BaseException) -> Failure | None:
        """What that is to the ledger, and as a Failure; None: it is no provider's."""
        if isinstance(error, LeaseLost):
            self.end(UNSENT)
        elif not isinstance(error, Exception):
            self.end("cancelled")
        else:
            failure = failure_of(error, self.provider.title)
            if self.tally.tokens is None and unbilled(error):
                self.tally.tokens = NOTHING
            self.end("internal" if failure is None else failure.type, failure)
            if failure is not None:
                failure.provider = self.provider.name
            return failure
        return None

    def end(self, status: str, failure: Failure | None = None) -> None:
        if self._ended or self._scope is None:
            return
        self._ended = True
        self._scope.record(self._call(status))
        if self._pass is not None and status != UNSENT:
            self._pass.end(self.tally.tokens, failure, ok=status == "ok")
        self._give_back()

    def _give_back(self) -> None:
        """What it had while it was under way. A turn that was used is over before."""
        self._ended = True
        if self._pass is not None:
            self._pass.unused()
        if self._hold is not None and self._scope is not None:
            self._scope.budget.release(self._hold)

    def _call(self, status: str) -> Call:
        tokens = self.tally.tokens
        return Call(
            provider=self.provider.name,
            model=self._model,
            prompt_tokens=tokens.prompt if tokens else None,
            completion_tokens=tokens.completion if tokens else None,
            cost_usd=cost(self._model, tokens),
            first_token_ms=self._first_token_ms,
            status=status,
            id=self.id,
        )

    @asynccontextmanager
    async def within(self, wait: Wait) -> AsyncIterator[None]:
        """Bound one wait by its own deadline, by the try's total and by the run's end."""
        left, why = min(self._bounds(wait), key=lambda bound: bound[0])
        try:
            async with asyncio.timeout(None if left == math.inf else max(0.0, left)) as clock:
                yield
        except TimeoutError as error:
            if not clock.expired():
                raise
            raise why from error

    def _bounds(self, wait: Wait) -> Iterator[tuple[float, Failure]]:
        """How long this wait may take, and what is said when that is over."""
        now, given, title = time.monotonic(), self.deadlines, self.provider.title
        spent = now - self._began
        yield given.total - spent, _timeout(f"{title} did not finish within {given.total:g} s.")
        if wait == "whole":
            yield given.whole - spent, _timeout(f"{title} did not answer within {given.whole:g} s.")
        if wait == "first":
            why = f"{title} did not begin its answer within {given.first_token:g} s."
            yield given.first_token - spent, _timeout(why)
        if wait == "chunk":
            why = f"{title} fell silent for {given.chunk:g} s in the middle of its answer."
            yield given.chunk, _timeout(why)
        if self._scope is not None and self._scope.deadline is not None:
            why = f"The run's time was up before {title} had finished."
            yield self._scope.deadline - now, Failure("deadline", why)


def _timeout(why: str) -> Failure:
    return Failure("timeout", why, retryable=True)
