"""Where settings come from: the environment, `.env` files, and the VAR of a running `make up`."""

import os
import secrets
from pathlib import Path

import environ

ROOT = Path(__file__).resolve().parent.parent


def var() -> Path:
    """The folder in which all state lives; a relative VAR is relative to the project."""
    return (ROOT / os.environ.get("VAR", "var")).resolve()


def load() -> None:
    """`.env` in VAR, then in the root; what the environment already says wins."""
    _read(var() / ".env")
    _read(ROOT / ".env")


def join_running() -> None:
    """Lets a command beside a running `make up` find its Redis."""
    load()
    _read(var() / "run.env")


def secret_key() -> str | None:
    """The key that an earlier start made in VAR."""
    try:
        return (var() / "secret_key").read_text().strip() or None
    except OSError:
        return None


def make_secret_key() -> str:
    """Makes the key in VAR, readable by its owner only; of several processes the first one wins."""
    path = var() / "secret_key"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"secret_key.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(50) + "\n")
    try:
        # link() refuses an existing name, and shows the file whole or not at all.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()


def _read(path: Path) -> None:
    if path.is_file():
        environ.Env.read_env(path)
