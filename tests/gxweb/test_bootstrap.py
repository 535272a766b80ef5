"""The way from nothing to a command, with a project of three files and a lock without packages."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "gxweb/bootstrap.py"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "gxweb").mkdir()
    shutil.copy(SCRIPT, tmp_path / "gxweb/bootstrap.py")
    (tmp_path / "requirements.lock").write_text("# nothing\n")
    return tmp_path


def run(
    project: Path, python: str = sys.executable, **env: str
) -> "subprocess.CompletedProcess[str]":
    command = [python, "gxweb/bootstrap.py", "requirements.lock", ".venv/bin/python"]
    return subprocess.run(
        [*command, "-c", "import sys; print('went on in', sys.prefix)"],
        cwd=project,
        env=os.environ | env,
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_it_makes_the_venv_installs_the_lock_and_becomes_the_command(project: Path) -> None:
    done = run(project)
    assert done.stdout.splitlines()[-1] == f"went on in {project / '.venv'}"
    again = run(project)
    assert again.stdout == f"went on in {project / '.venv'}\n"
    assert (project / "var").stat().st_mode & 0o777 == 0o700


def test_a_lock_that_cannot_be_installed_is_one_line_and_no_stamp(project: Path) -> None:
    run(project)
    (project / "requirements.lock").write_text("not-hashed==1\n")
    done = run(project)
    assert done.returncode == 1
    assert done.stderr.startswith("gxweb: installing requirements.lock failed: ")
    assert len(done.stderr.splitlines()) == 1
    (project / "requirements.lock").write_text("# nothing\n")
    assert run(project).returncode == 0


def test_a_folder_that_cannot_be_written_is_one_line_and_nothing_is_made(project: Path) -> None:
    done = run(project, VAR="gxweb/bootstrap.py/var")
    assert done.returncode == 1
    assert done.stderr == (
        f"gxweb: VAR={project}/gxweb/bootstrap.py/var cannot be made: Not a directory\n"
    )
    assert not (project / ".venv").exists()


def test_a_venv_that_cannot_be_made_leaves_nothing(project: Path) -> None:
    (project / "blind").mkdir()
    (project / "blind/venv.py").write_text("raise SystemExit('no ensurepip')")
    done = run(project, PYTHONPATH=str(project / "blind"))
    assert done.stderr == "gxweb: python -m venv failed: no ensurepip\n"
    assert not (project / ".venv").exists()
