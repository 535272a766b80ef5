"""A private PostgreSQL cluster for one test run, in a temporary folder, on a free loopback port."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.valkey import free_port

# Debian keeps the servers out of the PATH.
INSTALLED = Path("/usr/lib/postgresql")
# The server refuses to run as root.
USER = "postgres"


def binaries() -> Path | None:
    """The folder with `initdb`; None where there is no PostgreSQL that we could start."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def cluster(where: Path) -> Iterator[str]:
    """Yields a DATABASE_URL. Nothing of the cluster is worth a flush to disk."""
    folder = Path(tempfile.mkdtemp(prefix="gxweb-postgres-"))
    port = free_port()
    try:
        if os.getuid() == 0:
            shutil.chown(folder, USER)
        data = folder / "data"
        _run([where / "initdb", "-D", data, "-U", USER, "-A", "trust", "--no-sync"])
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        _run([where / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start"])
        try:
            yield f"postgres://{USER}@127.0.0.1:{port}/postgres"
        finally:
            _run([where / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(folder)


def _run(command: Sequence[object]) -> None:
    words = [str(word) for word in command]
    as_user = ["runuser", "-u", USER, "--"] if os.getuid() == 0 else []
    # Its own folder: the one we are in may be closed to that user.
    done = subprocess.run([*as_user, *words], cwd="/", capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed: {done.stderr.strip()}")
