"""Why a run was not started, or not changed."""

from __future__ import annotations

from typing import Any

RETRY_AFTER_S = 5
OVER_QUOTA_RETRY_S = 30
TOO_MANY = "You have as many runs under way as you may. Try again when one has ended."


class Refused(Exception):
    """A run was not started, or not changed."""


class Invalid(Refused):
    """`errors`: what is wrong with the input, each with `loc` and `msg`."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(_words(error) for error in errors))
        self.errors = errors


def _words(error: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {error['msg']}" if place else str(error["msg"])


class KeyReused(Refused):
    """The idempotency key stands for another request."""


class OverQuota(Refused):
    """`str()` says of what, in words for the one who asked."""

    def __init__(self, why: str = TOO_MANY, retry_after: int = OVER_QUOTA_RETRY_S) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Unavailable(Refused):
    def __init__(self, retry_after: int = RETRY_AFTER_S) -> None:
        super().__init__("no run can be taken now")
        self.retry_after = retry_after


class Finished(Refused):
    """The run has ended: nothing can be changed about it."""
