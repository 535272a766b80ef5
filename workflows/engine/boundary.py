"""What happens when a component is called: its place, its answer from the log, or its own work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from workflows.engine import values
from workflows.engine.attempt import Attempt
from workflows.engine.cache import EVERYBODY, Slot, cache_key
from workflows.engine.context import current, entered
from workflows.engine.errors import contained
from workflows.engine.flight import Flight
from workflows.engine.frame import Frame
from workflows.engine.hiding import seal, sealed, told
from workflows.engine.identity import Place, arguments, fingerprint, shown
from workflows.engine.options import Options
from workflows.engine.replay import Found
from workflows.engine.tries import Unwatched, within

Function = Callable[..., Any]


def called(function: Function, options: Options, args: Any, kwargs: Any) -> Any:
    """A coroutine; in a thread without a loop, the value of an ordinary function.

    The span's place is taken here, at the call, not when the coroutine is awaited: racing tasks
    must not change who is who.
    """
    scope = current()
    if not isinstance(scope, Frame):
        return _direct(function, within(function, options, args, kwargs, Unwatched()))
    if scope.attempt.at_home:
        return _made(scope, function, options, args, kwargs)
    if _looping():
        return _made_abroad(scope, function, options, args, kwargs)
    return asyncio.run_coroutine_threadsafe(
        _made_there(scope, function, options, args, kwargs), scope.attempt.loop
    ).result()


def _direct(function: Function, call: Coroutine[Any, Any, Any]) -> Any:
    if _looping() or asyncio.iscoroutinefunction(function):
        return call
    return asyncio.run(call)


def _looping() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _made_there(*call: Any) -> Any:
    return await _made(*call)


async def _made_abroad(parent: Frame, *call: Any) -> Any:
    """For a loop that a step in a thread has made for itself."""
    made = asyncio.run_coroutine_threadsafe(_made_there(parent, *call), parent.attempt.loop)
    return await asyncio.wrap_future(made)


def _made(
    parent: Frame, function: Function, options: Options, args: Any, kwargs: Any
) -> Coroutine[Any, Any, Any]:
    bound = arguments(function, args, kwargs)
    place = child(parent, options, bound, options.key_for(args, kwargs))
    return answered(parent, place, bound, function, options, args, kwargs)


def child(parent: Frame, options: Options, bound: dict[str, Any], key: str | None) -> Place:
    """The place of a call under `parent`. What it names as secret is one from here on."""
    attempt = parent.attempt
    frozen = values.freeze(bound)
    if options.secret:
        attempt.mask.learn(told(bound, options.secret))
        frozen = sealed(frozen, options.secret, attempt.facts.owner)
    call = in_any_run = fingerprint(options.name, options.version, frozen)
    if (replayed := attempt.mask.replayed(frozen)) is not frozen:
        # The next attempt has an argument that is another step's result from the log only.
        call = fingerprint(options.name, options.version, replayed)
    if key is None and values.is_opaque(frozen):
        # Two calls that cannot be told apart must never get each other's results.
        call += f" {attempt.facts.run} {attempt.facts.attempt}"
        parent.warn_once(options.name, f"{options.name} runs again in every attempt: its arguments"
                         " cannot be compared. Give it a key.")  # fmt: skip
    told_apart, key = _unguessable(key, attempt), _shown(key, attempt)
    digest = parent.children.digest(call, told_apart)
    path = attempt.paths.take(digest, parent.path, options.name, key)
    kept = ""
    if options.cache and not values.is_opaque(frozen):
        kept = cache_key(options.home, in_any_run, told_apart, attempt.facts.models)
    return Place(digest, path, options.name, key, parent.path, kept)


def _unguessable(key: str | None, attempt: Attempt) -> str | None:
    """A key that holds a secret stands sealed in the identity."""
    if key is None or attempt.mask.text(key) == key:
        return key
    return seal(key.encode("utf-8", "surrogatepass"), attempt.facts.owner)


def _shown(key: str | None, attempt: Attempt) -> str | None:
    return None if key is None else shown(attempt.mask.text(key))


async def answered(
    parent: Frame,
    place: Place,
    bound: dict[str, Any],
    function: Function,
    options: Options,
    args: Any,
    kwargs: Any,
) -> Any:
    attempt = parent.attempt
    attempt.check()
    if (found := replayed(parent, place)) is not None:
        return found.value
    with calling(parent, place):
        async with attempt.slot(function, None if parent.inside(options) else options.limit):
            await attempt.may_begin()
            frame = Frame(attempt, place, options, parent)
            return await _finished(frame, bound, function, args, kwargs)


@contextmanager
def calling(parent: Frame, place: Place) -> Iterator[None]:
    """While this lasts the parent waits for a call that is under way."""
    attempt = parent.attempt
    parent.below += 1
    parent.children.under_way.add(place.digest)
    try:
        with attempt.working():
            yield
    finally:
        parent.below -= 1
        parent.children.under_way.discard(place.digest)
        if attempt.draining:
            attempt.loop.call_soon(attempt.look_idle)


async def _finished(
    frame: Frame, bound: dict[str, Any], function: Function, args: Any, kwargs: Any
) -> Any:
    """The value of a span that begins here, made or found; its end is in the log."""
    if (slot := _slot(frame)) is None:
        value = await ran(frame, bound, function, args, kwargs)
        await frame.attempt.journal.flush()
    else:
        async with Flight(slot, frame) as flight:
            value = await ran(frame, bound, function, args, kwargs, flight)
            await frame.attempt.journal.flush()
            await flight.keep(frame.result, frame.spent)
    frame.attempt.proved()  # last: a suspect's process goes away with it
    return value


def _slot(frame: Frame) -> Slot | None:
    """Where a result is kept across runs, if it is to be, and can be told from others."""
    cache, call = frame.options.cache, frame.place.call
    store = None if cache is None else cache.store or frame.attempt.store
    if cache is None or store is None or not call:
        return None
    return Slot(store, EVERYBODY if cache.shared else frame.owner, call, cache.ttl)


def replayed(parent: Frame, place: Place) -> Found | None:
    try:
        found = parent.attempt.replay.answer(place.digest, again=parent.keeping.on)
    except values.Unthawable as error:
        parent.warn(f"{place.path} runs again, its result cannot be read back: {error}.")
        return None
    if found is not None:
        parent.keeping.took(place.digest)
    return found


async def ran(
    frame: Frame,
    bound: dict[str, Any],
    function: Function,
    args: Any,
    kwargs: Any,
    flight: Flight | None = None,
) -> Any:
    """Run the span's own code, unless its value is found. Its end is queued, and not yet
    acknowledged."""
    attempt = frame.attempt
    frame.start(bound)
    attempt.frames.add(frame)
    try:
        if flight is not None and (found := await flight.find()) is not None:
            frame.take(found)
            return found.value
        try:
            with entered(frame), contained():
                value = await within(function, frame.options, args, kwargs, frame)
        finally:
            frame.leave_streams()
        frame.complete(value)
    except Exception as error:
        frame.fail(error)
        raise
    except asyncio.CancelledError:
        if attempt.halted is None:
            frame.stop()
        raise
    else:
        return value
    finally:
        attempt.frames.discard(frame)
        attempt.budget.leave(frame)
