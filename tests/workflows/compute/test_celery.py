"""Celery as a doorbell: what it is told, and what it is told not to do."""

import base64
import json
import socketserver
import threading
from dataclasses import replace
from typing import Any

import pytest
from kombu.connection import Connection
from redis import Redis

from workflows.compute.celery import TASK, CeleryCompute, app, kombu_url
from workflows.compute.port import Unreachable
from workflows.wire.orders import Order

ORDER = Order("0" * 8 + "-run", "blog", 1, 3, "a" * 40)


def test_a_message_is_an_order_and_nothing_else(redis: Redis, redis_url: str) -> None:
    CeleryCompute(redis_url).submit(ORDER, "interactive")
    message = json.loads(redis.lindex("gx.interactive.blog.v1", 0) or b"")
    assert message["headers"]["task"] == TASK
    assert message["content-type"] == "application/json"
    assert message["headers"]["eta"] is None
    arguments, options, _ = json.loads(base64.b64decode(message["body"]))
    assert Order.from_dict(arguments[0]) == ORDER
    assert options == {}


def test_it_is_the_message_that_celery_would_send(redis: Redis, redis_url: str) -> None:
    CeleryCompute(redis_url).submit(ORDER, "interactive")
    app(redis_url).send_task(TASK, [ORDER.to_dict()], queue="gx.interactive.blog.v1")
    theirs, ours = map(_read, redis.lrange("gx.interactive.blog.v1", 0, -1))
    assert ours == theirs


def _read(raw: bytes | str) -> Any:
    """Without what is another one in each message, which must be there."""
    message = json.loads(raw)
    message["body"] = json.loads(base64.b64decode(message["body"]))
    headers, properties = message["headers"], message["properties"]
    assert headers.pop("id") == headers.pop("root_id") == properties.pop("correlation_id")
    assert properties.pop("delivery_tag")
    del properties["reply_to"]  # nobody sends us results
    return message


def test_orders_for_several_queues_are_sent_together(redis: Redis, redis_url: str) -> None:
    other = replace(ORDER, workflow="ingest")
    CeleryCompute(redis_url).submit_all([(ORDER, "bulk"), (other, "bulk"), (ORDER, "interactive")])
    for queue in ("gx.bulk.blog.v1", "gx.bulk.ingest.v1", "gx.interactive.blog.v1"):
        assert redis.llen(queue) == 1


def test_it_survives_a_flush_of_the_broker(redis: Redis, redis_url: str) -> None:
    compute = CeleryCompute(redis_url)
    compute.submit(ORDER, "bulk")
    redis.flushall()
    compute.submit(ORDER, "bulk")
    assert compute.queue_length("gx.bulk.blog.v1") == 1


def test_a_broker_that_is_away_is_tried_once() -> None:
    came = []

    class HangUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            came.append(self.client_address)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HangUp) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(Unreachable):
            CeleryCompute(f"redis://127.0.0.1:{server.server_address[1]}").submit(ORDER, "bulk")
        server.shutdown()
    assert len(came) == 1


def test_the_configuration_is_that_of_a_doorbell() -> None:
    conf = app("redis://127.0.0.1:1/0").conf
    assert conf.task_acks_late is False
    assert conf.task_ignore_result is True
    assert conf.worker_prefetch_multiplier == 1
    assert conf.worker_disable_prefetch is True
    assert conf.worker_enable_remote_control is False
    assert conf.accept_content == ["json"]
    assert conf.broker_transport_options["socket_timeout"] == 5
    assert conf.broker_transport_options["socket_connect_timeout"] == 2
    assert conf.broker_connection_retry_on_startup is True


@pytest.mark.parametrize(
    ("ours", "kombus"),
    [
        ("redis://h:1/2", "redis://h:1/2"),
        ("rediss://h:1/2", "rediss://h:1/2"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("unix:///redis.sock?db=2", "redis+socket:///redis.sock?virtual_host=2"),
        ("redis://:a%2Fb@h:1?db=2", "redis://:a%2Fb@h:1/2"),
        ("rediss://h/0?db=3&ssl_cert_reqs=none", "rediss://h/3?ssl_cert_reqs=none"),
        ("redis://h/3?socket_timeout=9", "redis://h/3"),
    ],
)
def test_an_address_of_redis_is_one_for_kombu(ours: str, kombus: str) -> None:
    assert kombu_url(ours) == kombus
    Connection(kombus)  # it refuses what it does not know
