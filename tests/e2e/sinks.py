"""All that an installation has kept, as text: every table, every key of Redis, every file."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import psycopg
from redis import Redis

from tests.chaos.stack import Stack

NAMES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}
ELSEWHERE = ("db.sqlite3", "valkey", "mail")  # read by their own means; and what was sent is gone


def found(s: Stack, words: str) -> list[str]:
    """Where these words are."""
    return [place for place, text in everything(s) if words in text]


def everything(s: Stack) -> Iterator[tuple[str, str]]:
    yield from tables(s)
    yield from stored(s)
    yield from files(s)


def tables(s: Stack) -> Iterator[tuple[str, str]]:
    url = s.env["DATABASE_URL"]
    sqlite = url.startswith("sqlite:///")
    opened: Any = sqlite3.connect(url[len("sqlite:///") :]) if sqlite else psycopg.connect(url)
    with closing(opened) as sql:
        for (name,) in sql.execute(NAMES["sqlite" if sqlite else "postgres"]).fetchall():
            rows = sql.execute(f'SELECT * FROM "{name}"')
            columns = [column[0] for column in rows.description]
            for row in rows:
                for column, value in zip(columns, row, strict=True):
                    yield f"sql {name}.{column}", text(value)


def stored(s: Stack) -> Iterator[tuple[str, str]]:
    with Redis.from_url(s.server.url) as redis:
        for number in range(16):
            redis.execute_command("SELECT", number)
            for key in redis.scan_iter():
                yield f"redis {number} {key!r}", text(key) + text(value_of(redis, key))


def value_of(redis: Any, key: bytes) -> Any:
    kind = redis.type(key)
    read = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"list": lambda name: redis.lrange(name, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda name: redis.zrange(name, 0, -1),
        b"stream": redis.xrange,
    }
    return read[kind](key) if kind in read else None  # it expired in between


def files(s: Stack) -> Iterator[tuple[str, str]]:
    for path in sorted(s.folder.rglob("*")):
        inside = path.relative_to(s.folder)
        if path.is_file() and not inside.parts[0].startswith(ELSEWHERE):
            yield f"file {inside}", text(path.read_bytes())


def text(value: Any) -> str:
    """As a person would read it, whatever it was wrapped in."""
    if isinstance(value, dict):
        return " ".join(text(one) for pair in value.items() for one in pair)
    if isinstance(value, list | tuple | set):
        return " ".join(map(text, value))
    if isinstance(value, bytes):
        with suppress(OSError):
            value = gzip.decompress(value)
        return str(value, errors="replace")
    return str(value)
