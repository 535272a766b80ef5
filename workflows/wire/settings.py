"""Settings that both planes read from the environment. A wrong value is refused with its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self
from urllib.parse import urlsplit

from workflows.wire.reach import Reach, parse_all

REDIS_URL = "redis://127.0.0.1:6379/0"


class BadSetting(ValueError):
    """A setting that cannot be used. `str()` names it and says why, for one line on a terminal."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name, self.why = name, why


@dataclass(frozen=True, slots=True)
class Settings:
    """Durations are in seconds, `usd` in US dollars. See the table in the README."""

    redis_url: str = REDIS_URL
    broker_url: str = REDIS_URL
    lease_seconds: float = 5
    beat_seconds: float = 1
    max_crashes: int = 3
    drain_seconds: float = 20
    adopt_seconds: float = 60
    stream_ttl_hours: float = 1
    run_deadline_seconds: float = 7200
    run_usd: float = 2
    run_tokens: int = 2_000_000
    user_concurrent_runs: int = 5
    user_daily_usd: float = 5
    user_daily_tokens: int = 5_000_000
    capture_prompts: bool = True
    offline_tokens_per_second: float = 60
    fetch_allow: tuple[Reach, ...] = ()
    host_delay_seconds: float = 1

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Raises BadSetting."""
        found: dict[str, Any] = {}
        for part in fields(cls):
            name = env_name(part.name)
            raw = environ.get(name, "").strip()
            if raw:
                found[part.name] = _READERS[str(part.type)](name, raw)
        found.setdefault("broker_url", found.get("redis_url", REDIS_URL))
        settings = cls(**found)
        settings._check()
        return settings

    def _check(self) -> None:
        if self.lease_seconds < 2 * self.beat_seconds:
            raise BadSetting("GX_LEASE_SECONDS", "must be at least twice GX_BEAT_SECONDS")


def env_name(field: str) -> str:
    """The environment variable of a field of Settings."""
    return "REDIS_URL" if field == "redis_url" else f"GX_{field.upper()}"


def _url(name: str, raw: str) -> str:
    if not re.match(r"(rediss?|unix|redis\+socket)://", raw):
        raise BadSetting(name, "must begin with redis://, rediss:// or unix://")
    try:
        urlsplit(raw).port  # noqa: B018 (reading it is what checks it)
    except ValueError as error:
        raise BadSetting(name, str(error)) from None
    return re.sub(r"^redis\+socket:", "unix:", raw)  # as Celery calls it


def _number(name: str, raw: str) -> float:
    try:
        value = float(raw)
    except ValueError:
        raise BadSetting(name, f"must be a number, not {raw[:40]!r}") from None
    if not 0 <= value < 1e12:
        raise BadSetting(name, f"must not be negative, infinite or huge, as {raw[:40]!r} is")
    return value


def _positive(name: str, raw: str) -> float:
    value = _number(name, raw)
    if value == 0 and name not in MAY_BE_ZERO:
        raise BadSetting(name, "must be more than 0")
    return value


def _count(name: str, raw: str) -> int:
    value = _number(name, raw)
    if value != int(value):
        raise BadSetting(name, f"must be a whole number, not {raw[:40]!r}")
    return int(value)


def _switch(name: str, raw: str) -> bool:
    if raw.lower() not in SWITCHES:
        raise BadSetting(name, f"must be 1 or 0, not {raw[:40]!r}")
    return SWITCHES[raw.lower()]


def _places(name: str, raw: str) -> tuple[Reach, ...]:
    try:
        return parse_all(raw)
    except ValueError as error:
        raise BadSetting(name, str(error)) from None


MAY_BE_ZERO = {
    "GX_DRAIN_SECONDS",
    "GX_HOST_DELAY_SECONDS",
    "GX_OFFLINE_TOKENS_PER_SECOND",
    "GX_RUN_USD",
    "GX_USER_DAILY_USD",
}
SWITCHES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_READERS: dict[str, Callable[[str, str], Any]] = {
    "str": _url,
    "float": _positive,
    "int": _count,
    "bool": _switch,
    "tuple[Reach, ...]": _places,
}
