"""What PostgreSQL's pool of connections has lent."""

from __future__ import annotations

from typing import Any

from django.db import connection


def lent() -> int:
    """Connections that somebody holds; of SQLite none.

    To be compared with what it was: a test of async code may have left one with its thread.
    """
    pool: Any = getattr(connection, "pool", None)
    if pool is None:
        return 0
    stats = pool.get_stats()
    return int(stats["pool_size"] - stats["pool_available"])
