"""How a run may end, as events, and how its input is read: no I/O here."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from functools import lru_cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from workflows.engine.errors import Failure, described, report
from workflows.engine.values import plain, too_deep
from workflows.wire.codec import OUTPUT_MAX, dumps
from workflows.wire.events import Error, RunCompleted, RunFailed

INTERNAL = "Something went wrong inside this run. The people who run this service can see what."
DEADLINE = "The run did not end within the time that it had."

logger = logging.getLogger(__name__)


def completed(value: Any) -> RunCompleted | RunFailed:
    """The end with this output, if it is one that can be told."""
    try:
        said = dumps(output := plain(value))
    except (ValueError, TypeError) as error:
        logger.error("A run's output is not JSON: %s", error)
        return RunFailed(Error("internal", "The run's result cannot be written as JSON."))
    if too_deep(output):
        return RunFailed(Error("internal", "The run's result is nested too deeply."))
    if len(said) > OUTPUT_MAX:
        message = f"The run's result has {len(said):,} bytes; {OUTPUT_MAX:,} is the most."
        return RunFailed(Error("internal", message))
    return RunCompleted(output)


def failed(error: Exception) -> RunFailed:
    """The end by an error: a Failure says itself why, of others readers learn nothing."""
    if isinstance(error, Failure | TimeoutError):
        return RunFailed(described(error))
    report(error, "the run failed")
    return RunFailed(Error("internal", INTERNAL))


def deadline() -> RunFailed:
    return RunFailed(Error("deadline", DEADLINE))


def read_input(function: Callable[..., Any], said: bytes) -> Any:
    """The input in the shape that the workflow's first parameter asks for. Raises Failure."""
    try:
        return _adapter(function).validate_json(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "input"
        message = f"The input does not fit: {where}: {first['msg']}."
        raise Failure("invalid_input", message) from error


@lru_cache(maxsize=256)
def _adapter(function: Callable[..., Any]) -> TypeAdapter[Any]:
    parameter = next(iter(inspect.signature(function).parameters))
    hints = get_type_hints(inspect.unwrap(function), include_extras=True)
    return TypeAdapter(hints.get(parameter, Any))
