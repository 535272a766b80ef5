"""Waiting for a condition, for tests without a loop."""

import time
from collections.abc import Callable

PATIENCE_S = 20.0


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
