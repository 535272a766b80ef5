"""Celery as a doorbell, never the truth: it loses, doubles and redelivers messages.

Hence early acknowledgement, no results, no retries, no countdowns. A lost, late or tenfold order
changes nothing: the log and its attempts decide who does what.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import celery
from redis import Redis
from redis.exceptions import RedisError

from workflows.compute.message import TASK as TASK
from workflows.compute.message import message
from workflows.compute.port import Unreachable
from workflows.wire.clients import connect_bell
from workflows.wire.orders import Order, queue

CONFIGURATION: dict[str, Any] = {
    # A worker that dies must not have its orders delivered again an hour later.
    "task_acks_late": False,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_serializer": "json",
    "accept_content": ["json"],
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    "worker_enable_remote_control": False,
    "worker_send_task_events": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    # A server that becomes a replica, or is one, says so; a worker waits for the next and lives.
    "broker_channel_error_retry": True,
    # Without these a call hangs for ever on a frozen Redis.
    "broker_transport_options": {
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 25,
        # One list for each queue; we have no priorities.
        "priority_steps": [0],
    },
    "enable_utc": True,
    "timezone": "UTC",
}


def app(broker_url: str) -> celery.Celery:
    """A Celery application that knows the broker and no task."""
    made = celery.Celery("gx", broker=kombu_url(broker_url), set_as_current=False)
    made.conf.update(CONFIGURATION)
    return made


def kombu_url(url: str) -> str:
    """kombu has names of its own for Redis on a socket and a database there. Elsewhere it takes
    the database from the path alone, and fails at options of redis-py that are not TLS's."""
    if url.startswith("unix://"):
        return re.sub(r"([?&])db=", r"\1virtual_host=", f"redis+socket{url.removeprefix('unix')}")
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    known = {name: value for name, value in options.items() if name.startswith("ssl_")}
    path = f"/{options['db']}" if "db" in options else parts.path
    return urlunsplit(parts._replace(path=path, query=urlencode(known)))


class CeleryCompute:
    """A Compute whose workers run `python -m workflows.worker`."""

    def __init__(self, broker_url: str) -> None:
        self._broker: Redis = connect_bell(broker_url)

    def submit(self, order: Order, lane: str) -> None:
        self.submit_all([(order, lane)])

    def submit_all(self, orders: Sequence[tuple[Order, str]]) -> None:
        pipe: Any = self._broker.pipeline(transaction=False)
        for order, lane in orders:
            where = queue(lane, order.workflow, order.version)
            pipe.lpush(where, message(order, where))
        try:
            pipe.execute()
        except (RedisError, OSError) as error:
            raise Unreachable(f"{len(orders)} orders: {error}") from error

    def queue_length(self, queue: str) -> int:
        try:
            return self._broker.llen(queue)
        except (RedisError, OSError) as error:
            raise Unreachable(f"{queue}: {error}") from error
