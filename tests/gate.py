"""`make check`: every gate, the fast ones first; all of them are shown, also after a failure."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent
SOURCES = ["gxweb", "runs", "workflows"]
# Not a value that anything is ever signed with: the deployment check wants one of this length.
DEPLOYED = {
    "DEBUG": "0",
    "PUBLIC_URL": "https://gxweb.example",
    "SECRET_KEY": "only-for-the-deployment-check-" + "0123456789abcdefghij" * 2,
}
# What all that a log means rests on: every branch of it is tested, by its own tests.
RULES = {
    "workflows.wire.codec": ["wire/test_codec.py"],
    "workflows.wire.reading": ["wire/test_reading.py"],
    "workflows.wire.fold": ["wire/test_fold.py", "wire/test_fixtures.py"],
    "workflows.wire.texts": ["wire/test_fold.py"],
    "workflows.wire.keys": ["wire/test_keys.py"],
    "workflows.engine.identity": ["engine/test_identity.py"],
}
COVERED = [
    *("python", "-m", "pytest", "-q", "--cov-branch", "--cov-fail-under=100"),
    "--cov-report=term-missing:skip-covered",
    *(f"--cov={module}" for module in RULES),
    *(f"tests/workflows/{path}" for paths in RULES.values() for path in paths),
]
GATES: dict[str, list[str]] = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "import contracts": ["lint-imports", "--no-cache"],
    "types": ["mypy", *SOURCES, "tests"],
    "templates": ["djhtml", "--check", "--tabwidth", "2", "templates"],
    "deployment": ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
    "every branch of the rules": COVERED,
    "migrations": ["python", "manage.py", "makemigrations", "--check", "--dry-run"],
}


def main() -> int:
    with tempfile.TemporaryDirectory() as var:
        failed = [name for name, gate in GATES.items() if not _passes(name, gate, var)]
    print(f"gxweb: not in order: {', '.join(failed)}" if failed else "gxweb: all in order")
    return 1 if failed else 0


def _passes(name: str, gate: list[str], var: str) -> bool:
    """Silent when all is well."""
    done = subprocess.run(
        [str(BIN / gate[0]), *gate[1:]],
        env=os.environ | DEPLOYED | {"VAR": var},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name}", flush=True)
    if done.returncode:
        print(done.stdout)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
