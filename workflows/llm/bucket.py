"""What a provider counts together: the calls of one key to one model, and how many it allows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from workflows.llm.providers import Provider
from workflows.wire import keys
from workflows.wire.codec import dumps, loads

LANES = ("again", "interactive", "bulk")  # the first: what is tried again, in either
PARTS = ("state", "calls", "unheard", "workers", "held")
SOURCE = files("workflows.llm").joinpath("scripts", "turns.lua").read_text()
# SHA-1 is how Redis names a script; nothing secret hangs on it.
SHA = hashlib.sha1(SOURCE.encode(), usedforsecurity=False).hexdigest()
# Only our own tests have shorter minutes, against a provider that has them too.
MINUTE = "GX_TEST_MINUTE_SECONDS"
MINUTE_S = float(os.environ.get(MINUTE) or 60)


@dataclass(frozen=True, slots=True)
class Bucket:
    """rpm, tpm: requests and tokens a minute; `concurrent`: at once. None: as many as it takes."""

    id: str
    title: str
    rpm: int | None = None
    tpm: int | None = None
    concurrent: int | None = None
    minute_s: float = MINUTE_S

    @property
    def bell(self) -> str:
        """A pub/sub channel: the name of a worker whose turn has come; only a nudge."""
        return keys.limits(self.id, "bell")

    async def ask(self, redis: Redis, told: Mapping[str, Any]) -> dict[str, Any]:
        """Run the script. Raises RedisError and OSError when the outcome is unknown."""
        facts = {"rpm": self.rpm, "tpm": self.tpm, "concurrent": self.concurrent}
        known = {name: value for name, value in facts.items() if value is not None}
        asked = {**known, "minute": self.minute_s * 1000, **told}
        names = self._names()
        rest = (len(names), *names, dumps(asked), self.bell)
        send: Any = redis.execute_command
        try:
            raw = await send("EVALSHA", SHA, *rest)
        except NoScriptError:
            raw = await send("EVAL", SOURCE, *rest)
        answer: dict[str, Any] = loads(raw)
        return answer

    async def paused_s(self, redis: Redis) -> float:
        """For how much longer it is to be left alone. Raises as `ask`."""
        seconds, micros = await redis.time()
        until: Any = await cast("Any", redis.hget(keys.limits(self.id, "state"), "paused"))
        return max(0.0, float(until or 0) / 1000 - seconds - micros / 1e6)

    def _names(self) -> list[str]:
        parts = [*PARTS, *(f"{lane}:{of}" for lane in LANES for of in ("owners", "calls"))]
        return [keys.limits(self.id, part) for part in parts]


def bucket_of(provider: Provider, model: str) -> Bucket:
    """`model`: the provider's own name. Whoever else has the key to that place shares the bucket,
    under whatever name it is configured."""
    place = urlsplit(provider.base_url).netloc
    named = "\0".join((place, provider.key, model)).encode()
    id = hashlib.sha256(named).hexdigest()[:20]
    return Bucket(id, provider.title, provider.rpm, provider.tpm, provider.concurrent)
