"""`make up` as a person types it: ready, killed in mid-run, started again, stopped for good."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.installation import Installation, eventually, installation
from tests.patience import patience

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
NOTES = "\n\n".join(
    f"Chapter {n}. The river {name} rises in the hills and reaches the sea after {n}0 days."
    " Its ferries carry salt, wool and letters, and every ferry keeps a book of its own."
    for n, name in enumerate(("Alba", "Brenna", "Corva", "Dosna", "Elda", "Fornia"), start=1)
)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Installation]:
    with installation(tmp_path) as it:
        yield it


def token(up: Installation) -> str:
    printed = up.manage("issue_token", "ann@example.com", "--create")
    return next(word for word in printed.split() if word.startswith("gx_"))


def finished(up: Installation, run: str, key: str) -> Any:
    def look() -> Any:
        found = up.call("GET", f"/api/runs/{run}", key)
        return found if found["status"] in {"completed", "failed", "cancelled"} else None

    return eventually(look)


def test_a_run_survives_the_supervisor_and_sigterm_leaves_nothing(up: Installation) -> None:
    key = token(up)
    body = {"topic": "Ferries", "notes": NOTES}
    run = up.call("POST", "/api/workflows/blog/runs", key, body)["id"]
    os.kill(up.supervisor, signal.SIGKILL)
    assert up.process.wait(timeout=patience(10)) != 0
    up.start()
    assert finished(up, run, key)["status"] == "completed"

    up.process.terminate()
    up.process.wait(timeout=patience(60))
    assert eventually(lambda: not up.living(), seconds=5)
    # Beside its database SQLite may keep what the last process to leave had written.
    left = {path.name.removesuffix("-wal").removesuffix("-shm") for path in up.var.iterdir()}
    assert left == {"db.sqlite3", "log", "valkey", "secret_key", "supervisor.lock"}


def test_an_interrupt_that_only_make_sees_stops_everything(up: Installation) -> None:
    up.process.send_signal(signal.SIGINT)
    up.process.wait(timeout=patience(40))
    assert eventually(lambda: not up.living(), seconds=5)
    assert "gxweb: stopped\n" in up.said()


def test_a_killed_make_takes_everything_along(up: Installation) -> None:
    up.process.kill()
    up.process.wait()
    assert eventually(lambda: not up.living(), seconds=40)
    assert eventually(lambda: up.said().endswith("gxweb: stopped\n"), seconds=5)
