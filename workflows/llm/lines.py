"""The HTTP client to one provider, and the chain of them."""

from __future__ import annotations

import math
import ssl
from collections.abc import Mapping
from functools import cache

import httpx2

from workflows.llm.deadlines import Deadlines
from workflows.llm.dialects import Manners
from workflows.llm.failover import Failover
from workflows.llm.gate import Gate, PerLoop
from workflows.llm.offline import transport as offline_transport
from workflows.llm.providers import OPENAI_URL, Provider, chain
from workflows.wire.settings import Settings

UNBOUND = Deadlines(connect=math.inf, first_token=math.inf, chunk=math.inf, total=math.inf)
LIMITS = httpx2.Limits(max_connections=None, max_keepalive_connections=50, keepalive_expiry=30)


class Line(httpx2.AsyncClient):
    """It reads no proxy or netrc from the environment."""

    chain: Chain

    def __init__(
        self,
        provider: Provider,
        deadlines: Deadlines,
        transport: httpx2.AsyncBaseTransport,
        lease_seconds: float,
    ) -> None:
        self.provider = provider
        self.deadlines = deadlines
        # OpenAI itself takes all of it: what it refuses is wrong.
        self.manners = Manners(learns=provider.base_url.rstrip("/") != OPENAI_URL)
        self._gate = Gate(transport, lease_seconds)
        timeout = httpx2.Timeout(None, connect=deadlines.connect)
        super().__init__(
            transport=self._gate, timeout=timeout, trust_env=False, follow_redirects=True
        )

    async def aclose(self) -> None:
        """Close this loop's connections, those of the whole chain; the line stays usable."""
        for line in self.chain.lines:
            await line._gate.aclose()


class Chain:
    """One line for each configured provider, first choice first; never empty."""

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self.lines = lines
        self.failover = Failover(
            tuple(line.provider for line in lines), lines[0].deadlines.failover
        )
        for line in lines:
            line.chain = self

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        transport: httpx2.AsyncBaseTransport | None,
        deadlines: Deadlines | None,
    ) -> Chain:
        """`transport`: for all of them, in tests. Raises BadSetting."""
        settings = Settings.from_env(environ)
        given = deadlines or Deadlines.from_env(environ)
        return cls(
            tuple(
                Line(
                    provider,
                    # It cannot stall, and may have been told to be as slow as one likes.
                    UNBOUND if provider.offline else given,
                    transport or _transport(provider, settings.offline_tokens_per_second),
                    settings.lease_seconds,
                )
                for provider in chain(environ)
            )
        )

    def line(self, provider: Provider) -> Line:
        return next(line for line in self.lines if line.provider is provider)


def _transport(provider: Provider, tokens_per_second: float) -> httpx2.AsyncBaseTransport:
    if provider.offline:
        return offline_transport(tokens_per_second)
    return PerLoop(open_transport)


def open_transport() -> httpx2.AsyncHTTPTransport:
    """A pool of connections, for one loop."""
    return httpx2.AsyncHTTPTransport(limits=LIMITS, trust_env=False, verify=_trusted())


@cache
def _trusted() -> ssl.SSLContext:
    """Read once in a process: it takes 50 ms, in which a loop stands still."""
    return httpx2.create_ssl_context(trust_env=False)
