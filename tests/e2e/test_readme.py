"""The README, followed to the letter on a copy of the project: its code, and its command lines."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from gxweb.supervisor import processes, valkey
from tests.e2e.installation import ROOT, Installation, environment, eventually
from tests.patience import patience
from tests.valkey import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
README = (ROOT / "README.md").read_text()
CHAPTERS = ("A workflow of your own, live", "Use it by curl", "Operate it")
FILE = re.compile(r"# (at the end of )?(\S+)\n")


def chapter(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(kind: str, text: str) -> list[str]:
    return re.findall(rf"(?sm)^```{kind}\n(.*?)^```", text)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project, with what the README adds to it."""
    made = tmp_path / "project"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, made / name)
    (made / ".venv").symlink_to((ROOT / ".venv").resolve())
    for block in blocks("python", chapter(CHAPTERS[0])):
        head = FILE.match(block)
        assert head is not None, block
        path = made / head[2]
        path.parent.mkdir(exist_ok=True)
        with path.open("a" if head[1] else "w") as file:
            file.write("\n\n" + block)
    return made


@contextmanager
def up(project: Path) -> Iterator[Installation]:
    it = Installation(project / "var", free_port(), 0)
    said = project / "said"
    with said.open("ab") as out:
        it.process = subprocess.Popen(
            ["make", "up"], cwd=project, env=environment(it), stdout=out, stderr=out
        )
    try:
        eventually(lambda: "ready at" in said.read_text() or it.process.poll() is not None)
        assert "ready at" in said.read_text(), said.read_text()
        yield it
    finally:
        it.process.terminate()
        it.process.wait(timeout=patience(60))
        processes.send(it.living(), signal.SIGKILL)
        assert valkey.running_in(it.var / "valkey") is None


def test_what_the_readme_says_is_what_happens(copy: Path) -> None:
    script = "\n".join(block for title in CHAPTERS for block in blocks("bash", chapter(title)))
    with up(copy) as it:
        script = script.replace("127.0.0.1:8000", f"127.0.0.1:{it.port}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{script}\necho RUN=$RUN"],
            cwd=copy, env=environment(it) | {"PATH": os.environ["PATH"]}, capture_output=True,
            text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        run = done.stdout.rsplit("RUN=", 1)[1].strip()
        token = re.findall(r"gx_[\w-]+", (copy / "token.txt").read_text())[-1]
        said = done.stdout
        page = httpx2.get(f"{it.url}/runs/{run}/", trust_env=False)
        trace = httpx2.get(
            f"{it.url}/api/runs/{run}/trace", headers={"Authorization": f"Bearer {token}"}
        ).json()
    for word in ("event: run.completed", "urn:gxweb:finished", '"ready": true', "gxweb_workers 1"):
        assert word in said, said
    assert "carbon dioxide" in said
    assert page.status_code == 302  # to the sign-in
    names = [span["name"] for span in trace["items"][0]["children"]]
    assert names == ["summarise", "summarise", "write", "ask"]
    # The first run of the script had asked the same: its answers are in the cache.
    assert [span["cached"] for span in trace["items"][0]["children"]] == [True, True, False, False]
