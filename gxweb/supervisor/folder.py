"""VAR: the folder with all state. One supervisor at a time, readable by its owner only."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gxweb.supervisor.refusal import Refused

# A log this long is put aside when its process starts.
LOG_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Folder:
    """`path` is absolute."""

    path: Path

    def make(self) -> None:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.path / "log").mkdir(mode=0o700, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise Refused(f"VAR={self.path} cannot be used: {error.strerror}") from None
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise Refused(f"VAR={self.path} is not writable")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Held by the kernel for as long as this process lives, however it ends."""
        with open(self.path / "supervisor.lock", "a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused(f"another `make up` runs on VAR={self.path}") from None
            yield

    def log(self, name: str) -> Path:
        """Where a process's output goes: a file, since a pipe that nobody reads would stop it."""
        path = self.path / "log" / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    def last_words(self, name: str) -> str:
        """The last line that a process said."""
        path = self.path / "log" / f"{name}.log"
        if not path.exists():
            return "nothing"
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "nothing")

    def write_run_env(self, values: Mapping[str, str]) -> None:
        """Where commands beside a running `make up` find its Redis; there as long as that runs."""
        draft = self.path / "run.env.draft"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())
        draft.replace(self.path / "run.env")

    def remove_run_env(self) -> None:
        (self.path / "run.env").unlink(missing_ok=True)
