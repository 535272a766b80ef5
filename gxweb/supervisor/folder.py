"""VAR: the folder with all state. One supervisor at a time, readable by its owner only."""

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gxweb.supervisor.refusal import Refused

# A log this long is put aside when its process starts.
LOG_BYTES = 10 * 1024 * 1024
FRAME = re.compile(r'File "([^<"][^"]*)", line (\d+)')


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
        """The last line that a process said, with the place in the code if it was an error's."""
        path = self.path / "log" / f"{name}.log"
        if not path.exists():
            return "nothing"
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            said = file.read().decode(errors="replace").rstrip()
        before, _, last = said.rpartition("\n")
        return f"{last.strip()}{_place(before)}" if said else "nothing"

    def write_run_env(self, values: Mapping[str, str]) -> None:
        """Where commands beside a running `make up` find its Redis; there as long as that runs."""
        draft = self.path / "run.env.draft"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())
        draft.replace(self.path / "run.env")

    def remove_run_env(self) -> None:
        (self.path / "run.env").unlink(missing_ok=True)


def _place(said: str) -> str:
    """Where the traceback that ends here was in code that is no library's; empty without one."""
    _, traceback, frames = said.rpartition("Traceback (most recent call last):\n")
    if not traceback or any(not line.startswith(" ") for line in frames.splitlines()):
        return ""
    own = [frame for frame in FRAME.findall(frames) if "/lib/python" not in frame[0]]
    return f" ({os.path.relpath(own[-1][0])}, line {own[-1][1]})" if own else ""
