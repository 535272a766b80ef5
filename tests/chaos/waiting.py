"""Tests wait for conditions, not for time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tests.patience import patience

T = TypeVar("T")


def until(look: Callable[[], T], seconds: float = 30, every: float = 0.05, what: str = "") -> T:
    """The first true answer of `look`. Raises AssertionError when there is none in time."""
    most = patience(seconds)
    deadline = time.monotonic() + most
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {most:g} s: {what or look}; last seen: {found!r}")
        time.sleep(every)
