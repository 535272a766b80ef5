"""`make test`: the whole suite on SQLite and, beside it, what touches the database on PostgreSQL.

Most tests wait for processes, so more files of them go side by side than there are cores. What
holds something to seconds comes at the end, when nothing else runs.

It names what is missing on this machine. With CI=true that is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO

from tests import chromium, postgres

PYTEST = [sys.executable, "-m", "pytest", "-q"]
# In the order of tests/order.py.
SPREAD = ["--dist", "loadfile", "--no-loadscope-reorder", "-n"]
CORES = os.cpu_count() or 1
ON_DATABASE = "not bench and not chaos and not e2e"
NO_TESTS = 5


def main(*only: str) -> int:
    """`suite.py [postgres]`"""
    missing = list(_missing())
    for line in missing:
        print(f"gxweb: missing: {line}", flush=True)
    if missing and os.environ.get("CI") == "true":
        return 1
    # Or every process that a test starts would compile us anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return _on_postgres(CORES) if "postgres" in only else _on_both()


def _missing() -> Iterator[str]:
    if not chromium.executable():
        yield "Chromium, so the browser tests are skipped (Debian: apt-get install chromium)"
    if not postgres.binaries():
        yield "PostgreSQL, so only SQLite is tested (Debian: apt-get install postgresql)"


def _on_both() -> int:
    with ThreadPoolExecutor(1) as pool, tempfile.TemporaryFile() as said:
        beside = pool.submit(_on_postgres, 1, said)
        sqlite = _pytest(
            "on SQLite, and on PostgreSQL beside it",
            "not bench and not alone",
            *SPREAD,
            str(CORES + 1),
        )
        second = beside.result()
        said.seek(0)
        print(f"gxweb: on PostgreSQL\n{said.read().decode(errors='replace')}", flush=True)
    alone = _pytest("what is held to seconds, on SQLite", "alone and not bench")
    return max(sqlite, second, alone)


def _on_postgres(workers: int, said: IO[bytes] | None = None) -> int:
    where = postgres.binaries()
    if not where:
        return 0
    with postgres.cluster(where) as url:
        words = [*SPREAD, str(workers), "--database-only"]
        code = _pytest("on PostgreSQL", ON_DATABASE, *words, said=said, DATABASE_URL=url)
        return 0 if code == NO_TESTS else code


def _pytest(
    what: str, marks: str, *words: str, said: IO[bytes] | None = None, **environment: str
) -> int:
    """`said`: where to, if not to the terminal."""
    if said is None:
        print(f"gxweb: {what}", flush=True)
    done = subprocess.run(
        [*PYTEST, *words, "-m", marks], env=os.environ | environment, stdout=said, stderr=said
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
