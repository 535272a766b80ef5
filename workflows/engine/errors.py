"""How work ends early: a Failure is an outcome for readers, a Halt ends this process's part.

A Halt is no Exception, so that a flow's own `except Exception` cannot swallow it: a worker that
lost its run must stop, whatever the code that it runs thinks of errors.
"""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from workflows.engine.masking import Mask
from workflows.wire.events import ERROR_TYPES, Error

MESSAGE_BYTES = 16 * 1024
GENERIC = "Something went wrong inside this step. The details are in the service's own log."

logger = logging.getLogger(__name__)

_PATH = re.compile(r"(?:[A-Za-z]:\\|/)(?:[\w.@+-]+[/\\])+[\w.@+-]*")
_FRAME = re.compile(r'File "[^"]*", line \d+(?:, in \S+)?')
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Failure(Exception):
    """A step could not do its work, for a reason from the wire's closed list.

    The message is a sentence for readers: no path, no stack, no secret. `retryable`: whether
    another try may succeed; `retry_after`: after so many seconds.

    >>> raise Failure("unreachable", "The page did not answer.", retryable=True)
    Traceback (most recent call last):
    workflows.engine.errors.Failure: The page did not answer.
    """

    def __init__(
        self,
        type: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        provider: str | None = None,
    ) -> None:
        if type not in ERROR_TYPES:
            raise ValueError(f"{type!r} is not an error type of the wire")
        super().__init__(message)
        self.type = type
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.provider = provider

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuilt, (type(self), self.args, self.__dict__)


def _rebuilt(cls: type[Failure], args: tuple[object, ...], state: dict[str, object]) -> Failure:
    """Pickling calls the class with its args, which keyword-only parameters do not survive."""
    failure = cls.__new__(cls, *args)
    failure.__dict__.update(state)
    return failure


class Halt(BaseException):
    """This process has no further part in the run: stop at once and write nothing more."""


class LeaseLost(Halt):
    """The log belongs to a newer attempt, has ended, or is gone. It is no Exception, so that no
    `except Exception` of a flow can go on in spite of it.

    >>> issubclass(LeaseLost, Exception)
    False
    """


class Parked(Halt):
    """The run waits for an answer, or for time to pass, and needs nobody for that."""


class Handover(Halt):
    """This worker drains: another one goes on at the next span."""


@contextmanager
def contained() -> Iterator[None]:
    """Make an error of this step what would end more than the step, or end it without a word.

    `sys.exit()` in a flow and a panic in an extension would take the process and all its other
    runs; a cancel that nobody asked for (of a future that the flow waited for) would look as if
    the run had been taken away.
    """
    try:
        yield
    except (Exception, Halt, GeneratorExit, BaseExceptionGroup):
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("It waited for something that was cancelled.") from error
    except BaseException as error:
        raise RuntimeError(f"{type(error).__name__}: {words(error)}") from error


def described(error: BaseException) -> Error:
    """What readers are told about an error."""
    if isinstance(error, Failure):
        return Error(error.type, clipped(error.message), error.retryable)
    if isinstance(error, TimeoutError):
        return Error("timeout", "This step took longer than it may.", retryable=True)
    if isinstance(error, MemoryError | RecursionError):
        return Error("internal", GENERIC, retryable=False)
    return Error("internal", clipped(f"{type(error).__name__}: {sanitised(words(error))}"), False)


def words(error: BaseException) -> str:
    """Its own text; some cannot make one."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - somebody else's code
        return "it has no text"


def mark(error: BaseException, name: str, value: object) -> None:
    """Note something on an error, also on one that forbids it (a frozen dataclass)."""
    with suppress(AttributeError, TypeError):
        object.__setattr__(error, name, value)


def report(
    error: BaseException, what: str, mask: Mask | None = None, level: int = logging.ERROR
) -> None:
    """The whole error, for those who run the service; once, however many spans it passes, or again
    when what it does has become worse."""
    if isinstance(error, Failure) or getattr(error, "__gx_reported__", 0) >= level:
        return
    mark(error, "__gx_reported__", level)
    if mask is None or not mask.taught:
        logger.log(level, "%s", what, exc_info=error)
    else:
        # Nobody else in the process knows what this run keeps secret.
        whole = "".join(traceback.format_exception(error))
        logger.log(level, "%s", mask.text(f"{what}\n{whole}"))


def sanitised(message: str) -> str:
    """Without the paths, frames and addresses that tell a reader about our machine."""
    for pattern in (_FRAME, _PATH):
        message = pattern.sub("…", message)
    return _ADDRESS.sub("", message)


def clipped(message: str) -> str:
    if len(message.encode("utf-8", "replace")) <= MESSAGE_BYTES:
        return message
    kept = message.encode("utf-8", "replace")[: MESSAGE_BYTES - 4]
    return kept.decode("utf-8", "ignore") + "…"
