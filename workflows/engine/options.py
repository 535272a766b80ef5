"""What a component's boundary does beyond calling the function: a frozen value."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from workflows.engine.cache import Cache
from workflows.engine.hiding import Names
from workflows.engine.retry import ONCE, Retry

NAME_CHARS = 200  # it stands in every event of its span


@dataclass(frozen=True, slots=True)
class Options:
    name: str
    home: str = ""  # where the function is written
    version: int = 1
    retry: Retry = ONCE
    timeout: float | None = None
    key: str | Callable[..., object] | None = None
    fallback: Callable[..., Any] | None = None
    limit: int | None = None
    cache: Cache | None = None
    label: str = ""  # for people, and no part of who a call is
    secret: Names = ()

    def __post_init__(self) -> None:
        if len(self.name) > NAME_CHARS:
            raise ValueError(f"a component's name has at most {NAME_CHARS} characters")
        if len(self.label) > NAME_CHARS:
            object.__setattr__(self, "label", self.label[: NAME_CHARS - 1] + "…")

    @property
    def tried_again(self) -> bool:
        """Whether its code, or that of its fallback, may be run more than once in an attempt."""
        return self.retry.attempts > 1 or self.fallback is not None

    def after(self, tried: int) -> Options:
        """For a call that was tried so often below an earlier try of a component above it: each
        of those gives it one more try, and not all of its own again."""
        if not tried:
            return self
        attempts = max(1, self.retry.attempts - tried)
        return replace(self, retry=replace(self.retry, attempts=attempts))

    def key_for(self, args: Any, kwargs: Any) -> str | None:
        key = self.key(*args, **kwargs) if callable(self.key) else self.key
        return None if key is None else str(key)


def options_of(
    function: Callable[..., Any],
    *,
    name: str | None = None,
    retry: Retry | int = 1,
    cache: Cache | float | None = None,
    secret: str | Iterable[str] = (),
    **options: Any,
) -> Options:
    """Options for a function, which gives the name unless one is given."""
    policy = Retry(attempts=retry) if isinstance(retry, int) else retry
    hidden = (secret,) if isinstance(secret, str) else tuple(secret)
    _check(function, hidden)
    kept = Cache(cache) if isinstance(cache, int | float) else cache
    home = f"{function.__module__}.{function.__qualname__}"
    return Options(
        name or function.__name__, home, retry=policy, cache=kept, secret=hidden, **options
    )


def _check(function: Callable[..., Any], hidden: Names) -> None:
    """A misspelt name would hide nothing."""
    parameters = inspect.signature(function).parameters
    for name in hidden:
        if name.split(".")[0] not in parameters:
            raise ValueError(f"{function.__name__} has no parameter {name!r} to keep secret")
