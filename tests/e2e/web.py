"""A web process of its own, with its database, one person and as many runs as a test wants."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.waiting import wait_until
from tests.hand import ROOT, Hand
from tests.patience import patience
from tests.valkey import free_port

PREPARE = """
import json
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
user = get_user_model().objects.create_user(email="reader@example.org")
client = Client()
client.force_login(user)
print(json.dumps({"user": user.pk, "session": client.cookies["sessionid"].value}))
"""
ADD_RUN = """
import sys
from runs.models import Run
run = Run.objects.create(owner_id=sys.argv[1], workflow="blog", version=1, input={}, attempt=1)
print(run.id)
"""


class Web:
    def __init__(self, folder: Path, redis_url: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "VAR": str(folder),
            "SECRET_KEY": "for tests only",
            "REDIS_URL": redis_url,
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "PUBLIC_URL": self.url,
            "PORT": str(self.port),
        }
        self._log = (folder / "web.log").open("ab")
        self._hand = Hand(self._environment)
        person: dict[str, Any] = json.loads(self.python(PREPARE))
        self.session: str = person["session"]
        self.user = str(person["user"])

    def add_run(self) -> str:
        return self.python(ADD_RUN, self.user).strip()

    def start(self) -> None:
        words = ["uvicorn", "gxweb.asgi:application", "--port", str(self.port), "--no-access-log"]
        words += ["--ws", "gxweb.sockets:Socket", "--timeout-graceful-shutdown", "2"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT, env=self._environment, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        wait_until(self._answers)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(how)
        try:
            self._process.wait(patience(10))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def restart(self, how: signal.Signals) -> None:
        self.stop(how)
        self.start()

    def close(self) -> None:
        self.stop()
        self._hand.close()
        self._log.close()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=patience(5)) as response:
                return bool(response.status == 200)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def python(self, code: str, *words: str) -> str:
        return self._hand.does(code, *words)


@contextmanager
def serving(folder: Path, redis_url: str) -> Iterator[Web]:
    web = Web(folder, redis_url)
    web.start()
    try:
        yield web
    finally:
        web.close()
