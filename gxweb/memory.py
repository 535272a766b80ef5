"""What many short-lived threads cost in memory."""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8  # of glibc's malloc.h
ARENAS = 2


def share() -> None:
    """Let threads share what memory is taken from. To be called before there are many.

    Each request has threads of its own, and glibc would give them eight places for each core, of
    which each keeps for good what one thread has once needed. Other C libraries have no such
    places.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
