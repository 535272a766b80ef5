"""The SDK's own client with one method changed: `request`, through which every call goes.

One call of it is one try of the component that made it: one Attempt at a provider, and when that
is away, before anything of its answer has come, another one at the next of the chain.
Chat completions, responses and embeddings, plain, parsed or streamed, are timed, checked for
completeness, accounted and fail as Failures. Everything else passes through as the SDK does it;
inside a run that too is fenced, and raw responses of these three have their turn and are accounted.
Nothing is ever tried twice here: the component is the retry boundary.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, lru_cache, partial
from typing import Any, Self

import httpx2
from openai import AsyncOpenAI, BadRequestError, UnprocessableEntityError, not_given
from openai._models import FinalRequestOptions, add_request_id
from openai._utils import is_given
from openai.types.chat import ChatCompletion

from workflows.engine.budget import EXPECTED_TOKENS
from workflows.engine.context import Scope, current
from workflows.llm.attempts import Attempt
from workflows.llm.chat import Chat
from workflows.llm.deadlines import Deadlines
from workflows.llm.dialects import unfenced
from workflows.llm.estimate import estimate
from workflows.llm.failover import Failover, Turn
from workflows.llm.failures import web_page
from workflows.llm.kinds import Kind, is_raw, kind_of
from workflows.llm.lines import Chain, Line
from workflows.llm.prices import cost
from workflows.llm.providers import Provider
from workflows.llm.raw import follow
from workflows.llm.stream import Traced

CALL_HEADER = "X-Client-Request-Id"


class Door(AsyncOpenAI):
    """An AsyncOpenAI on the lines of a chain. Copies of it (`with_options`) keep them."""

    def __init__(self, **options: Any) -> None:
        line = options.get("http_client")
        if not isinstance(line, Line):
            raise TypeError("the door to the providers keeps its own HTTP client")
        super().__init__(**{**options, "max_retries": 0})
        self.line = line
        self._others: dict[Line, Self] = {}
        if line.provider.name != "openai":
            # The SDK takes these from the environment; they are nobody else's business.
            self.organization = self.project = None

    @cached_property
    def chat(self) -> Chat:
        return Chat(self)

    @property
    def user_agent(self) -> str:
        """As the SDK's own client: nothing that is sent tells them apart."""
        return super().user_agent.replace(type(self).__name__, AsyncOpenAI.__name__, 1)

    async def request(
        self,
        cast_to: Any,
        options: FinalRequestOptions,
        *,
        stream: bool = False,
        stream_cls: Any = None,
    ) -> Any:
        kind = kind_of(options)
        if kind is None or is_raw(options):
            how = {"stream": stream, "stream_cls": stream_cls}
            return await self._untouched(kind, cast_to, options, **how)
        scope, model = current(), str(_body(options).get("model"))

        async def ask(turn: Turn) -> Any:
            door = self._at(turn.provider)
            return await door._asked(kind, cast_to, options, stream, scope, turn)

        return await self._failover.asked(model, scope, ask, stream=stream, kind=kind)

    @property
    def _failover(self) -> Failover:
        """Whoever gave an address or a key of their own means that one and no other."""
        line = self.line
        if str(self.base_url).rstrip("/") == line.provider.base_url.rstrip("/"):
            return line.chain.failover
        return Failover((line.provider,))

    def _at(self, provider: Provider) -> Self:
        """This door, with its options, at another provider."""
        line = self.line
        if provider is line.provider:
            return self
        other = line.chain.line(provider)
        if other not in self._others:
            self._others[other] = self.copy(
                http_client=other, api_key=provider.key, base_url=provider.base_url
            )
        return self._others[other]

    async def _asked(
        self,
        kind: Kind,
        cast_to: Any,
        options: FinalRequestOptions,
        stream: bool,
        scope: Scope | None,
        turn: Turn,
    ) -> Any:
        """One try at this door's provider."""
        options, shows_usage = self._ours(options, asks_usage=stream and kind.asks_usage)
        body, deadlines = _body(options), turn.deadlines(self.line.deadlines)
        provider, model = self.line.provider, str(body.get("model"))
        attempt = Attempt(provider, model, deadlines, scope, kind.answer(), turn.rivals)
        await attempt.begin(estimate(body, _expected(scope) if kind.speaks else 0))
        if scope is not None:
            options = _named(options, attempt.id)
        if stream:
            streamed = await self._streamed(kind, cast_to, options, attempt, shows_usage)
            streamed.told = partial(self._failover.tell, turn, scope=scope)
            return streamed
        return await self._plain(cast_to, options, attempt)

    async def _untouched(
        self, kind: Kind | None, cast_to: Any, options: FinalRequestOptions, **how: Any
    ) -> Any:
        """At the first provider, as the SDK does it. Of a raw response it is known what it costs:
        it has its turn, and its place in the ledger."""
        scope = current()
        options, _ = self._ours(options, asks_usage=False)
        if scope is None:
            return await super().request(cast_to, options, **how)
        body = _body(options)
        model, expected = str(body.get("model")), _expected(scope)
        if kind is None:
            scope.budget.check(cost(model, estimate(body, expected)))
            await scope.fence()
            return await super().request(cast_to, options, **how)
        attempt = Attempt(self.line.provider, model, self.line.deadlines, scope, kind.answer())
        await attempt.begin(estimate(body, expected if kind.speaks else 0))
        with attempt.noting():
            answer = await super().request(cast_to, _named(options, attempt.id), **how)
        follow(answer, attempt)
        return answer

    async def _plain(self, cast_to: Any, options: FinalRequestOptions, attempt: Attempt) -> Any:
        """Parsing is done out here, after the answer has been found whole and its usage kept."""
        parser, options.post_parser = options.post_parser, not_given
        with attempt.failing():
            async with attempt.within("whole"):
                answer = await self._sent(cast_to, options)
            if isinstance(answer, str):
                raise web_page(attempt.provider.title)
            attempt.tally.add(answer)
            attempt.check()
            if isinstance(answer, ChatCompletion):
                unfenced(answer, _body(options))
            parsed = parser(answer) if is_given(parser) else answer
        attempt.end("ok")
        return _with_request_id(parsed, answer)

    async def _sent(self, cast_to: Any, options: FinalRequestOptions, **how: Any) -> Any:
        """The request as this provider takes it: what it refuses, it is asked for without."""
        manners, body = self.line.manners, _body(options)
        while True:
            fitting = options.model_copy(update={"json_data": manners.fit(body)})
            try:
                answer = await super().request(cast_to, fitting, **how)
            except (BadRequestError, UnprocessableEntityError) as refused:
                if (following := manners.after(refused, body)) is None:
                    raise
                manners = following
            else:
                self.line.manners = manners
                return answer

    async def _streamed(
        self,
        kind: Kind,
        cast_to: Any,
        options: FinalRequestOptions,
        attempt: Attempt,
        shows_usage: bool,
    ) -> Traced[Any]:
        with attempt.failing():
            async with attempt.within("first"):
                stream: Traced[Any] = await self._sent(
                    cast_to, options, stream=True, stream_cls=kind.stream
                )
        return await stream.follow(attempt, shows_usage=shows_usage).begun()

    def _ours(
        self, options: FinalRequestOptions, *, asks_usage: bool
    ) -> tuple[FinalRequestOptions, bool]:
        """The provider's own name for the model; the usage of a stream, asked for always. Says
        whether the caller had asked for that usage too.
        """
        body, shows_usage = dict(_body(options)), False
        if isinstance(asked := body.get("model"), str):
            body["model"] = self.line.provider.model(asked)
        if asks_usage:
            wanted = body.get("stream_options") or {}
            shows_usage = bool(wanted.get("include_usage"))
            body["stream_options"] = {**wanted, "include_usage": True}
        changes = {"json_data": body, "max_retries": 0} if body else {"max_retries": 0}
        return options.model_copy(update=changes), shows_usage


def _named(options: FinalRequestOptions, id: str) -> FinalRequestOptions:
    """The ledger's name of the call goes along: with it a provider's own records can be compared.
    A name that the caller has given stays."""
    headers = dict(options.headers) if is_given(options.headers) else {}
    if any(name.lower() == CALL_HEADER.lower() for name in headers):
        return options
    return options.model_copy(update={"headers": {**headers, CALL_HEADER: id}})


def _with_request_id(parsed: Any, answer: Any) -> Any:
    """The SDK notes the provider's id on what its parser made; so do we."""
    add_request_id(parsed, getattr(answer, "_request_id", None))
    return parsed


def _expected(scope: Scope | None) -> int:
    return EXPECTED_TOKENS if scope is None else scope.budget.expected


def _body(options: FinalRequestOptions) -> Mapping[str, Any]:
    return options.json_data if isinstance(options.json_data, Mapping) else {}


def open_door(
    environ: Mapping[str, str],
    *,
    transport: httpx2.AsyncBaseTransport | None = None,
    deadlines: Deadlines | None = None,
) -> Door:
    """The door to the chain of providers. Raises BadSetting."""
    line = Chain.of(environ, transport, deadlines).lines[0]
    return Door(http_client=line, api_key=line.provider.key, base_url=line.provider.base_url)


def current_door() -> Door:
    """The door that the environment describes at this moment, or the one that stands in for it."""
    return _instead.get() or _door(frozenset(os.environ.items()))


@contextmanager
def instead(door: Door) -> Iterator[None]:
    """For tests: in here, and in the tasks that begin in here, this door is the one."""
    token = _instead.set(door)
    try:
        yield
    finally:
        _instead.reset(token)


_instead: ContextVar[Door | None] = ContextVar("gx_instead", default=None)


@lru_cache(maxsize=4)
def _door(environ: frozenset[tuple[str, str]]) -> Door:
    return open_door(dict(environ))
