"""The names of all Redis keys. The hash tag is a bucket, so that a run's every step is one script
in one slot; the bucket of a run never changes."""

from __future__ import annotations

import re
from uuid import UUID

BUCKETS = 16
PULSE = "gx:pulse"
FENCE = "gx:fence"  # pub/sub channel: "<run> <attempt>" when an attempt was opened; only a nudge


def bucket(run: str | UUID) -> int:
    """The first byte of the run id modulo 16."""
    return int(str(run)[:2], 16) % BUCKETS


def is_run(name: bytes) -> bool:
    """Whether this is the id of a run, as it is written in `due`."""
    return re.fullmatch(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name) is not None


def log(run: str | UUID) -> str:
    """Stream: the run's events."""
    return _of(run, "log")


def lease(run: str | UUID) -> str:
    """Hash: attempt, worker, until (ms, Redis TIME), released."""
    return _of(run, "lease")


def inbox(run: str | UUID) -> str:
    """Hash: id of a `run.waiting` event -> its answer or time-out."""
    return _of(run, "inbox")


def blob(run: str | UUID) -> str:
    """Hash: SHA-256 -> bytes of a value over 32 KB."""
    return _of(run, "blob")


def cache(owner: str) -> str:
    """Hash: what the owner's runs keep for each other; `cached` says how long."""
    return f"gx:cache:{{{owner}}}:values"


def cached(owner: str) -> str:
    """Sorted set: a field of `cache` -> until when it is good, in seconds since 1970."""
    return f"gx:cache:{{{owner}}}:until"


def flight(owner: str, call: str) -> str:
    """String: who makes a value that others wait for; it goes by itself when its maker dies."""
    return f"gx:cache:{{{owner}}}:flight:{call}"


def breaker(name: str) -> str:
    """Hash: what all workers know of a model at a provider. One slot: a call asks for several."""
    return f"gx:{{breaker}}:{name}"


def limits(bucket: str, part: str) -> str:
    """What all workers know of one model of a provider: who waits for it, who has been let go."""
    return f"gx:limits:{{{bucket}}}:{part}"


def host(name: str) -> str:
    """String: when the next request to a host may go (ms, Redis TIME). `name` as in a Host line."""
    return f"gx:host:{{{name}}}"


def due(number: int) -> str:
    """Sorted set: run -> deadline (ms, Redis TIME); just the runs whose end is not yet in SQL."""
    return f"gx:{{{number}}}:due"


def spend(number: int) -> str:
    """Stream: every provider try that ended."""
    return f"gx:{{{number}}}:spend"


def _of(run: str | UUID, name: str) -> str:
    return f"gx:{{{bucket(run)}}}:{run}:{name}"
