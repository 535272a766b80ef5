"""Waiting for a condition, for tests without a loop."""

import time
from collections.abc import Callable

from tests.patience import patience

SECONDS = 20


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + patience(SECONDS)
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
