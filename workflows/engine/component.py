"""A component: a plain function that is a step, with the options of its boundary.

Frozen; each fluent method gives a copy with changes, so that one component may be used with
different patience at different call sites. Outside a run it is the function that it wraps, with
its boundary (time-out, retry, fallback) and without a log.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

from workflows.engine.boundary import called
from workflows.engine.cache import Cache, Store
from workflows.engine.options import Options, options_of
from workflows.engine.retry import Exponential, Retry
from workflows.engine.streaming import Streaming

P = ParamSpec("P")
R = TypeVar("R")
Async = Callable[P, Coroutine[Any, Any, R]]
Generator = Callable[P, AsyncGenerator[R, None]] | Callable[P, AsyncIterator[R]]


@dataclass(frozen=True)
class Component(Generic[P, R]):
    """Call it to run it: `await f(x)`. `f.function` is what was decorated.

    >>> @component
    ... async def double(n: int) -> int:
    ...     return 2 * n
    >>> asyncio.run(double(4))
    8
    >>> patient = double.retry(5).timeout(30)  # a copy: `double` stays as it was
    >>> patient.options.retry.attempts, double.options.retry.attempts
    (5, 1)
    """

    function: Callable[P, Any]
    options: Options

    def __post_init__(self) -> None:
        # What tools ask of a function: its name, its documentation and its signature.
        for name in (*functools.WRAPPER_ASSIGNMENTS, "__wrapped__"):
            value = self.function if name == "__wrapped__" else getattr(self.function, name, None)
            object.__setattr__(self, name, value)

    def __set_name__(self, owner: type, name: str) -> None:
        if next(iter(inspect.signature(self.function).parameters), "") == "self":
            raise TypeError(f"{name} is a method: a component is a plain function, called by it")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        """A sync function runs in a thread. Where no loop runs, it is simply called."""
        call: Coroutine[Any, Any, R] = called(self.function, self.options, args, kwargs)
        return call

    @property
    def name(self) -> str:
        return self.options.name

    @property
    def version(self) -> int:
        return self.options.version

    def retry(self, attempts: int = 3, wait: Exponential | None = None) -> Self:
        """Up to `attempts` tries in all; see Retry."""
        return self._with(retry=Retry(attempts, wait or Exponential()))

    def timeout(self, seconds: float) -> Self:
        """Of each try, in seconds; then it fails as `timeout`. A thread cannot be stopped: a sync
        function goes on, and nobody waits for it."""
        return self._with(timeout=seconds)

    def key(self, key: object) -> Self:
        """Tells this call from others with the same arguments, in every attempt."""
        return self._with(key=str(key))

    def named(self, name: str) -> Self:
        return self._with(name=name)

    def label(self, label: str) -> Self:
        """What people read instead of its name: the heading it writes, the page it reads."""
        return self._with(label=label)

    def cache(self, ttl: float, store: Store | None = None, *, shared: bool = False) -> Self:
        """Take the result of an equal call in any run of the same owner that ended well in the last
        `ttl` seconds. What it said meanwhile (texts, status) is not said again. Calls that come at
        once are made once. `shared`: of any owner; only for what nobody may not see.

        >>> @component
        ... async def exchange_rate(day: str) -> float: ...
        >>> exchange_rate.cache(3600, shared=True).options.cache
        Cache(ttl=3600, store=None, shared=True)
        """
        return self._with(cache=Cache(ttl, store, shared))

    def fallback(self, function: Callable[..., Any]) -> Self:
        """Called with the same arguments when all tries have failed."""
        return self._with(fallback=function)

    def limit(self, at_once: int) -> Self:
        """How many calls of it one run has under way at once. One that it makes of itself is a
        part of the first."""
        return self._with(limit=at_once)

    def _with(self, **changes: Any) -> Self:
        return replace(self, options=replace(self.options, **changes))


class Workflow(Component[P, R]):
    """A component that can be started from outside, by its name.

    >>> @workflow("digest", version=2)
    ... async def digest(paper: str) -> str:
    ...     return paper.split(".")[0]
    >>> isinstance(digest, Workflow), digest.name, digest.version
    (True, 'digest', 2)
    >>> asyncio.run(digest("It works. We show how."))
    'It works'
    """


@dataclass(frozen=True)
class Decorator:
    """`@component(…)`: makes a component of a function, sync, async, or an async generator."""

    options: Mapping[str, Any]

    @overload
    def __call__(self, function: Generator[P, R], /) -> Streaming[P, R]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, function: Async[P, R], /) -> Component[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Component[P, R]: ...
    def __call__(self, function: Callable[..., Any], /) -> Any:
        options = options_of(function, **self.options)
        streams = inspect.isasyncgenfunction(inspect.unwrap(function))
        return Streaming(function, options) if streams else Component(function, options)


@dataclass(frozen=True)
class WorkflowDecorator:
    """`@workflow(…)`."""

    options: Mapping[str, Any]

    @overload
    def __call__(self, function: Async[P, R], /) -> Workflow[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Workflow[P, R]: ...
    def __call__(self, function: Callable[..., Any], /) -> Workflow[..., Any]:
        return Workflow(function, options_of(function, **self.options))


@overload
def component(function: Generator[P, R], /) -> Streaming[P, R]: ...  # type: ignore[overload-overlap]
@overload
def component(function: Async[P, R], /) -> Component[P, R]: ...
@overload
def component(function: Callable[P, R], /) -> Component[P, R]: ...
@overload
def component(
    *,
    name: str | None = None,
    version: int = 1,
    retry: Retry | int = 1,
    timeout: float | None = None,
    key: Callable[..., object] | str | None = None,
    fallback: Callable[..., Any] | None = None,
    limit: int | None = None,
    cache: Cache | float | None = None,
    label: str = "",
    secret: str | Iterable[str] = (),
) -> Decorator: ...
def component(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a component of a function; the fluent methods' options as arguments.

    >>> @component(retry=3, timeout=60, fallback=str.upper)
    ... async def shout(word: str) -> str:
    ...     raise Failure("provider_refused", "No shouting.")
    >>> asyncio.run(shout("hello"))
    'HELLO'

    A component that finished is not run again in its run. Who a call is: the component's name and
    `version`, its arguments (`f(1)` is `f(n=1)`), and how many equal calls came before, or its
    `key`. Raise the version when the same arguments should give something new.
    """
    return Decorator(options) if function is None else Decorator(options)(function)


def workflow(name: str, *, version: int = 1, **options: Any) -> WorkflowDecorator:
    """Make a workflow of a function with one argument, its input. Options as for `component`.

    >>> @workflow("shout")
    ... async def shout(word: str) -> str:
    ...     return word.upper()
    >>> asyncio.run(shout("hello"))
    'HELLO'
    """
    return WorkflowDecorator({"name": name, "version": version, **options})
