"""A real process of the stack, in a group of its own: killed, frozen, begun again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """`python -m …` or `manage.py …` with its output in a file."""

    def __init__(
        self, name: str, words: Sequence[str], env: Mapping[str, str], folder: Path
    ) -> None:
        self.name, self.words, self.env = name, list(words), dict(env)
        self.output = folder / f"{name}.out"
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> Process:
        with self.output.open("ab") as out:
            self.running = subprocess.Popen(
                [sys.executable, *self.words],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        return self

    @property
    def pid(self) -> int:
        assert self.running is not None, f"{self.name} was never started"
        return self.running.pid

    @property
    def alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    def kill(self) -> None:
        """`kill -9` of the whole process group."""
        self.signal(signal.SIGKILL)
        self.wait()

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def signal(self, number: signal.Signals) -> None:
        if self.alive:
            os.killpg(self.pid, number)

    def wait(self, seconds: float = 30) -> int:
        assert self.running is not None
        return self.running.wait(seconds)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for one that does not listen."""
        if self.alive:
            self.thaw()
            self.signal(signal.SIGTERM)
            try:
                self.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def tail(self, lines: int = 30) -> str:
        text = self.output.read_text(errors="replace") if self.output.exists() else ""
        return f"--- {self.name}\n" + "\n".join(text.splitlines()[-lines:])
