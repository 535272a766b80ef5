"""`make test`: the whole suite on SQLite, then what touches the database again on PostgreSQL.

Files of tests run side by side, as many as there are cores: most tests wait for processes.

It names what is missing on this machine. With CI=true that is a failure.
"""

import os
import subprocess
import sys
from collections.abc import Iterator

from tests import chromium, postgres

PYTEST = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile"]
NO_TESTS = 5


def main(*only: str) -> int:
    """`suite.py [postgres]`"""
    missing = list(_missing())
    for line in missing:
        print(f"gxweb: missing: {line}", flush=True)
    if missing and os.environ.get("CI") == "true":
        return 1
    on_sqlite = 0 if "postgres" in only else _on_sqlite()
    return max(on_sqlite, _on_postgres())


def _on_sqlite() -> int:
    """Whole processes apart from the rest: two of the former beside each other are enough."""
    parts = _pytest("what needs no other process, on SQLite", "not bench and not chaos and not e2e")
    whole = _pytest("whole processes: faults and browsers", "(chaos or e2e) and not bench")
    return max(parts, whole)


def _missing() -> Iterator[str]:
    if not chromium.executable():
        yield "Chromium, so the browser tests are skipped (Debian: apt-get install chromium)"
    if not postgres.binaries():
        yield "PostgreSQL, so only SQLite is tested (Debian: apt-get install postgresql)"


def _on_postgres() -> int:
    where = postgres.binaries()
    if not where:
        return 0
    with postgres.cluster(where) as url:
        what = "what touches the database, on PostgreSQL"
        marks = "not bench and not chaos and not e2e"
        code = _pytest(what, marks, "--database-only", DATABASE_URL=url)
        return 0 if code == NO_TESTS else code


def _pytest(what: str, marks: str, *words: str, **environment: str) -> int:
    print(f"gxweb: {what}", flush=True)
    return subprocess.run([*PYTEST, *words, "-m", marks], env=os.environ | environment).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
