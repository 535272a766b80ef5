"""The SDK's own client with one method changed: `request`, through which every call goes.

Chat completions, plain, parsed or streamed, are timed, checked for completeness, accounted and
fail as Failures. Everything else passes through as the SDK does it; inside a run that too is
fenced, and nothing is ever tried twice here: the component is the retry boundary.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

import httpx2
from openai import AsyncOpenAI, not_given
from openai._constants import RAW_RESPONSE_HEADER
from openai._models import FinalRequestOptions, add_request_id
from openai._utils import is_given

from workflows.engine.budget import EXPECTED_TOKENS
from workflows.engine.context import current
from workflows.llm.attempts import Attempt
from workflows.llm.chat import Chat
from workflows.llm.deadlines import Deadlines
from workflows.llm.estimate import estimate
from workflows.llm.failures import web_page
from workflows.llm.gate import Gate, PerLoop
from workflows.llm.offline import transport as offline_transport
from workflows.llm.prices import cost
from workflows.llm.providers import Provider, chain
from workflows.llm.stream import TracedStream
from workflows.wire.settings import Settings

UNBOUND = Deadlines(connect=math.inf, first_token=math.inf, chunk=math.inf, total=math.inf)
LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=30)


class Line(httpx2.AsyncClient):
    """The HTTP client to one provider. It reads no proxy or netrc from the environment."""

    def __init__(
        self,
        provider: Provider,
        deadlines: Deadlines,
        transport: httpx2.AsyncBaseTransport,
        lease_seconds: float,
    ) -> None:
        self.provider = provider
        self.deadlines = deadlines
        self._gate = Gate(transport, lease_seconds)
        timeout = httpx2.Timeout(None, connect=deadlines.connect)
        super().__init__(
            transport=self._gate, timeout=timeout, trust_env=False, follow_redirects=True
        )

    async def aclose(self) -> None:
        """Close this loop's connections; the line stays usable."""
        await self._gate.aclose()


class Door(AsyncOpenAI):
    """An AsyncOpenAI on a Line. Copies of it (`with_options`) keep the line."""

    def __init__(self, **options: Any) -> None:
        line = options.get("http_client")
        if not isinstance(line, Line):
            raise TypeError("the door to the providers keeps its own HTTP client")
        super().__init__(**{**options, "max_retries": 0})
        self.line = line
        if line.provider.name != "openai":
            # The SDK takes these from the environment; they are nobody else's business.
            self.organization = self.project = None

    @cached_property
    def chat(self) -> Chat:
        return Chat(self)

    async def request(
        self,
        cast_to: Any,
        options: FinalRequestOptions,
        *,
        stream: bool = False,
        stream_cls: Any = None,
    ) -> Any:
        scope = current()
        options, shows_usage = self._ours(options, stream)
        body = _body(options)
        model = str(body.get("model"))
        tokens = estimate(body, EXPECTED_TOKENS if scope is None else scope.budget.expected)
        if not _traced(options):
            if scope is not None:
                scope.budget.check(cost(model, tokens))
                await scope.fence()
            return await super().request(cast_to, options, stream=stream, stream_cls=stream_cls)
        attempt = Attempt(self.line.provider, model, self.line.deadlines, scope)
        await attempt.reserve(tokens)
        if scope is not None:
            await scope.fence()
        if stream:
            return await self._streamed(cast_to, options, attempt, shows_usage)
        return await self._plain(cast_to, options, attempt)

    async def _plain(self, cast_to: Any, options: FinalRequestOptions, attempt: Attempt) -> Any:
        """Parsing is done out here, after the answer has been found whole and its usage kept."""
        parser, options.post_parser = options.post_parser, not_given
        with attempt.failing():
            async with attempt.within("whole"):
                answer = await super().request(cast_to, options)
            if isinstance(answer, str):
                raise web_page(attempt.provider.title)
            attempt.tally.add(answer)
            attempt.check()
            parsed = parser(answer) if is_given(parser) else answer
        attempt.end("ok")
        return _with_request_id(parsed, answer)

    async def _streamed(
        self, cast_to: Any, options: FinalRequestOptions, attempt: Attempt, shows_usage: bool
    ) -> TracedStream:
        with attempt.failing():
            async with attempt.within("first"):
                stream = await super().request(
                    cast_to, options, stream=True, stream_cls=TracedStream
                )
        return stream.follow(attempt, shows_usage=shows_usage)

    def _ours(self, options: FinalRequestOptions, stream: bool) -> tuple[FinalRequestOptions, bool]:
        """The provider's own name for the model; the usage of a stream, asked for always. Says
        whether the caller had asked for that usage too.
        """
        body, shows_usage = dict(_body(options)), False
        if isinstance(asked := body.get("model"), str):
            body["model"] = self.line.provider.model(asked)
        if stream and _traced(options):
            wanted = body.get("stream_options") or {}
            shows_usage = bool(wanted.get("include_usage"))
            body["stream_options"] = {**wanted, "include_usage": True}
        changes = {"json_data": body, "max_retries": 0} if body else {"max_retries": 0}
        return options.model_copy(update=changes), shows_usage


def _with_request_id(parsed: Any, answer: Any) -> Any:
    """The SDK notes the provider's id on what its parser made; so do we."""
    add_request_id(parsed, getattr(answer, "_request_id", None))
    return parsed


def _traced(options: FinalRequestOptions) -> bool:
    headers = options.headers if is_given(options.headers) else {}
    if any(name.lower() == RAW_RESPONSE_HEADER.lower() for name in headers):
        return False
    return options.method.lower() == "post" and options.url == "/chat/completions"


def _body(options: FinalRequestOptions) -> Mapping[str, Any]:
    return options.json_data if isinstance(options.json_data, Mapping) else {}


def open_door(
    environ: Mapping[str, str],
    *,
    transport: httpx2.AsyncBaseTransport | None = None,
    deadlines: Deadlines | None = None,
) -> Door:
    """The door to the first provider of the chain. Raises BadSetting."""
    settings = Settings.from_env(environ)
    provider = chain(environ)[0]
    deadlines = deadlines or Deadlines.from_env(environ)
    if provider.offline:
        # It cannot stall, and may have been told to be as slow as one likes.
        deadlines = UNBOUND
    transport = transport or _transport(provider, settings.offline_tokens_per_second)
    line = Line(provider, deadlines, transport, settings.lease_seconds)
    return Door(http_client=line, api_key=provider.key, base_url=provider.base_url)


def current_door() -> Door:
    """The door that the environment describes at this moment."""
    return _door(frozenset(os.environ.items()))


@lru_cache(maxsize=4)
def _door(environ: frozenset[tuple[str, str]]) -> Door:
    return open_door(dict(environ))


def _transport(provider: Provider, tokens_per_second: float) -> httpx2.AsyncBaseTransport:
    if provider.offline:
        return offline_transport(tokens_per_second)
    return PerLoop(lambda: httpx2.AsyncHTTPTransport(limits=LIMITS, trust_env=False))
