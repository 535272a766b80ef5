"""The server is what the log needs: explicit ids, an AOF that outlives a kill, no eviction."""

from pathlib import Path

import pytest
import redis as redis_py

from tests import valkey

pytestmark = pytest.mark.contract


def test_it_refuses_an_id_that_is_not_newer(redis: redis_py.Redis) -> None:
    redis.xadd("log", {"kind": "text"}, id="1-1")
    with pytest.raises(redis_py.ResponseError, match="equal or smaller"):
        redis.xadd("log", {"kind": "text"}, id="1-1")
    assert redis.xlen("log") == 1


def test_what_it_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    with valkey.running(tmp_path) as server, redis_py.Redis.from_url(server.url) as client:
        client.xadd("log", {"kind": "text"}, id="1-1")
    again = valkey.start(tmp_path)
    try:
        with redis_py.Redis.from_url(again.url) as client:
            assert client.xrange("log") == [(b"1-1", {b"kind": b"text"})]
    finally:
        again.stop()


def test_it_never_evicts(redis: redis_py.Redis) -> None:
    assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert redis.config_get("appendfsync") == {"appendfsync": "always"}
