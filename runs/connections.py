"""This process's way to Redis, made on first use: there is one pool, whoever asks."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.db import InterfaceError, OperationalError
from redis import Redis
from redis.exceptions import ConnectionError, TimeoutError

from workflows.wire.clients import connect, connect_once
from workflows.wire.settings import Settings

# The whole of Redis or SQL is away. Any other error is of the one run that was being looked at.
AWAY = (ConnectionError, TimeoutError, OperationalError, InterfaceError)


def gx() -> Settings:
    found: Settings = settings.GX
    return found


def redis() -> Redis:
    return _connect(gx().redis_url)


def once() -> Redis:
    """For what must not be sent again after its answer was lost."""
    return _connect_once(gx().redis_url)


@lru_cache
def _connect(url: str) -> Redis:
    return connect(url)


@lru_cache
def _connect_once(url: str) -> Redis:
    return connect_once(url)
