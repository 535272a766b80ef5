"""`manage.py`, where its VAR is not that of any `make up`."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_database_without_tables_is_one_line_that_names_its_var(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "manage.py", "issue_token", "you@example.com", "--create"],
        cwd=ROOT,
        env=env | {"VAR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"manage.py: the database of VAR={tmp_path} has no such table.")
    assert len(done.stderr.splitlines()) == 1
