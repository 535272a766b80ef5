"""A house with small children: a real uvicorn, a worker and a control that only wait."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from gxweb.supervisor import processes, valkey
from tests.patience import patience
from tests.valkey import free_port

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[3]
WAITER = "import signal\nprint('here', flush=True)\nsignal.pause()\n"
MANAGE = f"import sys\nif sys.argv[1] in ('migrate', 'sample'):\n    sys.exit(0)\n{WAITER}"
SITE = """
async def application(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
"""
DRIVER = """
import sys
from pathlib import Path
from typing import TypeVar
from gxweb.supervisor.children import Site
from gxweb.supervisor.folder import Folder
from gxweb.supervisor.refusal import Refused
from gxweb.supervisor.up import Supervisor

root, var, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
site = Site(root, var, port, sys.argv[4], f"http://127.0.0.1:{port}", drain_s=5)
try:
    Supervisor(site, Folder(var), lambda line: print(line, flush=True)).run()
except Refused as refusal:
    sys.exit(f"refused: {refusal}")
"""


def eventually(look: Callable[[], T], seconds: float = 20) -> T:
    """The first true answer; fails when there is none in time."""
    deadline = time.monotonic() + patience(seconds)
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
    return found


@dataclass
class House:
    """`said` is all that the supervisors of this house printed."""

    root: Path
    var: Path
    port: int = field(default_factory=free_port)
    redis_url: str = ""
    supervisor: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "subprocess.Popen[bytes]":
        words = [str(self.root), str(self.var), str(self.port), self.redis_url]
        with (self.root / "said").open("ab") as said:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-c", DRIVER, *words],
                cwd=ROOT,
                env={name: value for name, value in os.environ.items() if name != "REDIS_URL"},
                stdout=said,
                stderr=said,
            )
        return self.supervisor

    def start_and_wait(self) -> None:
        before = self.said().count("ready at")
        self.start()
        eventually(lambda: self.said().count("ready at") > before or self._ended())
        assert self.said().count("ready at") > before, self.said()

    def _ended(self) -> bool:
        return self.supervisor is not None and self.supervisor.poll() is not None

    def refusal(self) -> str:
        """Of a supervisor that must end by itself."""
        assert self.start().wait(timeout=patience(30)) != 0
        return self.said().splitlines()[-1]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.supervisor is not None
        self.supervisor.send_signal(number)
        return self.supervisor.wait(timeout=patience(60))

    def said(self) -> str:
        path = self.root / "said"
        return path.read_text() if path.exists() else ""

    def pids(self) -> dict[str, int]:
        """Who is to live in this house, by name, without the supervisor and whoever is through
        with their work at once."""
        mark = f"GX_SUPERVISED={self.var}".encode()
        marked = [pid for pid in processes.pids() if mark in processes.environment(pid)]
        found = {name: pid for pid in marked if (name := _name(pid)) != "passing"}
        server = valkey.running_in(self.var / "valkey")
        return found | ({"valkey": server.pid} if server else {})

    def end(self) -> None:
        """Whatever a failed test left."""
        if self.supervisor and self.supervisor.poll() is None:
            self.supervisor.kill()
            self.supervisor.wait()
        processes.send(self.pids().values(), signal.SIGKILL)


def _name(pid: int) -> str:
    try:
        words = (processes.PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return "passing"
    if words == [b""]:
        return "passing"  # it has ended, and nobody has taken note yet
    names = {b"uvicorn": "uvicorn", b"workflows.worker": "worker", b"control": "control"}
    names[b"sample"] = "passing"
    return next((names[word] for word in words if word in names), "unknown")


@contextmanager
def built(folder: Path) -> Iterator[House]:
    sockets = (ROOT / "gxweb/sockets.py").read_text()
    files = {
        "manage.py": MANAGE,
        "workflows/worker.py": WAITER,
        "gxweb/asgi.py": SITE,
        "gxweb/sockets.py": sockets,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    house = House(folder, folder / "var")
    try:
        yield house
    finally:
        house.end()
