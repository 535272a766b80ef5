"""Somebody who looks at a page again and again, and how long that takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

EVERY_S = 0.1


def took_ms(client: httpx2.Client, path: str) -> float:
    began = time.perf_counter()
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - began) * 1000


@contextmanager
def visits(url: str, path: str) -> Iterator[list[float]]:
    """Milliseconds of each visit, ten in a second, until the block ends."""
    took: list[float] = []
    over = threading.Event()

    def visit() -> None:
        with httpx2.Client(base_url=url, timeout=30, trust_env=False) as client:
            while not over.wait(EVERY_S):
                took.append(took_ms(client, path))

    thread = threading.Thread(target=visit)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()
