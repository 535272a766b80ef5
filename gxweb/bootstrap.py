"""Brings `.venv` to what a lock says, then becomes the command: all that a fresh machine needs.

Runs under whatever Python the Makefile found, before anything is installed: standard library only.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"


class Refused(Exception):
    """What stands in the way, as one line for the person at the keyboard."""


def main(lock: str, *command: str) -> None:
    """`bootstrap.py LOCK COMMAND...`"""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    os.chdir(ROOT)
    var = (ROOT / os.environ.get("VAR", "var")).resolve()
    try:
        _make_var(var)
        _make_venv()
        _install(ROOT / lock, cache=var / "pip")
    except Refused as refusal:
        sys.exit(f"gxweb: {refusal}")
    except KeyboardInterrupt:
        sys.exit(130)
    os.execv(command[0], command)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """A SystemExit, so that `subprocess.run` takes its child along and a half-made venv goes."""
    sys.exit(128 + number)


def _make_var(var: Path) -> None:
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"VAR={var} cannot be made: {error.strerror}") from None
    if not os.access(var, os.W_OK | os.X_OK):
        raise Refused(f"VAR={var} is not writable")


def _make_venv() -> None:
    """A venv whose pip works is whole; anything else is made anew, and taken away if that fails."""
    if _quietly([str(VENV / "bin/python"), "-c", "import pip"]):
        return
    if not os.access(ROOT, os.W_OK):
        raise Refused(f"{ROOT} is not writable: .venv cannot be made there")
    print(f"gxweb: making .venv with Python {sys.version.split()[0]}", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        _run([sys.executable, "-m", "venv", str(VENV)], "python -m venv failed")
    except BaseException:
        shutil.rmtree(VENV, ignore_errors=True)
        raise


def _install(lock: Path, cache: Path) -> None:
    """Nothing, when this very lock was installed before."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = VENV / f"{lock.name}.installed"
    if stamp.is_file() and stamp.read_text() == digest:
        return
    print(f"gxweb: installing {lock.name} (a minute, the first time)", flush=True)
    pip = [str(VENV / "bin/python"), "-m", "pip", "--disable-pip-version-check", "-q"]
    pip += ["--cache-dir", str(cache), "install", "--require-hashes", "-r", str(lock)]
    _run(pip, f"installing {lock.name} failed")
    stamp.write_text(digest)


def _run(command: Sequence[str], refusal: str) -> None:
    """Runs to its end; a failure shows the last thing that was said."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.strip()] or ["it said nothing"]
        raise Refused(f"{refusal}: {said[-1].strip()}")


def _quietly(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    main(*sys.argv[1:])
