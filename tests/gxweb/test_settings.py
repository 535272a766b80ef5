"""Settings: defaults that work, wrong values refused by name in one line, https all the way."""

from __future__ import annotations

import os
import runpy
import stat
from pathlib import Path
from typing import Any

import pytest

from gxweb import environment, settings

SETTINGS = settings.__file__
OURS = (
    "SECRET_KEY", "DEBUG", "PORT", "PUBLIC_URL", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS",
    "DATABASE_URL", "REDIS_URL", "GX_BROKER_URL", "EMAIL_URL",
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with nothing of ours in it, put back afterwards."""
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setenv("VAR", "state")
    # What `.env` adds must not outlive the test.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr("environ.Env.ENVIRON", os.environ)
    return tmp_path


def read(**environ: str) -> dict[str, Any]:
    os.environ.update(environ)
    return runpy.run_path(SETTINGS)


def test_defaults_are_a_site_on_this_machine(root: Path) -> None:
    found = read()
    assert found["DEBUG"] is False
    assert found["PUBLIC_URL"] == "http://127.0.0.1:8000"
    assert found["CSRF_TRUSTED_ORIGINS"] == ["http://127.0.0.1:8000"]
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost", "[::1]"]
    assert found["SESSION_COOKIE_NAME"] == "sessionid"
    assert found["SECURE_SSL_REDIRECT"] is False
    database = found["DATABASES"]["default"]
    assert database["NAME"] == str(root / "state" / "db.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert database["OPTIONS"]["timeout"] == 20
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]


def test_https_switches_the_locks_on(root: Path) -> None:
    found = read(PUBLIC_URL="https://gx.example.org", SECRET_KEY="x" * 50)
    assert found["SESSION_COOKIE_NAME"] == "__Host-sessionid"
    assert found["CSRF_COOKIE_NAME"] == "__Host-csrftoken"
    assert found["SESSION_COOKIE_SECURE"]
    assert found["CSRF_COOKIE_SECURE"]
    assert found["SECURE_SSL_REDIRECT"]
    assert found["SECURE_HSTS_SECONDS"] >= 31536000
    assert found["ALLOWED_HOSTS"][0] == "gx.example.org"


def test_secret_key_is_made_once_and_kept_to_oneself(root: Path) -> None:
    first, again = read(), read()
    assert first["SECRET_KEY"] == again["SECRET_KEY"]
    assert len(first["SECRET_KEY"]) >= 50
    kept = root / "state" / "secret_key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["secret_key"]


def test_env_files_are_read_and_the_environment_wins(root: Path) -> None:
    (root / "state").mkdir()
    (root / "state" / ".env").write_text("PORT=9001\nREDIS_URL=redis://in-var:1/0\n")
    (root / ".env").write_text("PORT=9002\nDEBUG=1\n")
    found = read()
    assert (found["PORT"], found["DEBUG"]) == (9001, True)
    assert found["GX"].redis_url == "redis://in-var:1/0"
    assert read(PORT="9003")["PORT"] == 9003


def test_commands_find_the_redis_of_a_running_site(root: Path) -> None:
    (root / "state").mkdir()
    (root / "state" / "run.env").write_text("REDIS_URL=redis://running:7/0\n")
    environment.join_running()
    assert read()["GX"].redis_url == "redis://running:7/0"


def test_postgres_has_a_pool_and_keeps_no_connection(root: Path) -> None:
    database = read(DATABASE_URL="postgres://u:p@db:5433/gx")["DATABASES"]["default"]
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db", 5433, "gx")
    assert database["OPTIONS"]["pool"]["max_size"] > 1
    assert database["CONN_MAX_AGE"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("PORT", "http"),
        ("PORT", "99999"),
        ("PUBLIC_URL", "gx.example.org"),
        ("PUBLIC_URL", "https://gx.example.org/path"),
        ("PUBLIC_URL", "https://gx.example.org:99999"),
        ("CSRF_TRUSTED_ORIGINS", "*"),
        ("DATABASE_URL", "mysql://db/gx"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "postgres://["),
        ("REDIS_URL", "localhost"),
        ("GX_LEASE_SECONDS", "soon"),
        ("EMAIL_URL", "pigeon://roof"),
    ],
)
def test_wrong_value_is_refused_by_name(root: Path, name: str, value: str) -> None:
    with pytest.raises(SystemExit) as refusal:
        read(**{name: value})
    said = str(refusal.value.code)
    assert name in said
    assert "\n" not in said


def test_secret_key_is_required_when_debug_is_off(root: Path) -> None:
    with pytest.raises(SystemExit, match="SECRET_KEY"):
        read(DEBUG="0")
    assert not (root / "state").exists()


def test_unwritable_var_is_one_line(root: Path) -> None:
    (root / "state").write_text("a file, not a folder")
    with pytest.raises(SystemExit, match="VAR"):
        read()
