"""A type checker sees a component as the function that it wraps."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

# What mypy must say of a line: `-> type` is revealed, `! code` an error; the others are right.
CALLS = """
from collections.abc import AsyncIterator
from workflows.engine import ask, budget, component, gather, workflow

@component
async def double(n: int, *, by: int = 2) -> int:
    return n * by

@component(retry=3, timeout=5, secret="word")
def count(word: str) -> int:
    return len(word)

@component
async def write(topic: str) -> AsyncIterator[str]:
    yield topic

@workflow("digest", version=2)
async def digest(paper: list[str]) -> str:
    return ",".join(paper)

async def use() -> None:
    reveal_type(await double(1))  # -> int
    reveal_type(await double.retry(3).key("k").limit(2)(1, by=3))  # -> int
    reveal_type(await count("a"))  # -> int
    reveal_type(await digest(["a"]))  # -> str
    reveal_type(await double.named("x").cache(60).label("X")(1))  # -> int
    reveal_type(await gather(double(n) for n in range(3)))  # -> list[int]
    reveal_type(budget().low)  # -> bool
    async for item in write("x"):
        reveal_type(item)  # -> str
    async for item in write.key("k").timeout(3)("x"):
        reveal_type(item)  # -> str
    await double("1")  # ! arg-type
    await double(1, 2)  # ! call-arg
    await double(by=1)  # ! call-arg
    await double.timeout(5)(1, to=3)  # ! call-arg
    await count(1)  # ! arg-type
    await digest("a")  # ! arg-type
    write(1)  # ! arg-type
    await write("x")  # ! misc
    word: str = await double(1)  # ! assignment
    double.retries(3)  # ! attr-defined
"""


def test_mypy_knows_what_a_component_takes_and_gives(tmp_path: Path) -> None:
    path = tmp_path / "calls.py"
    path.write_text(CALLS)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert said(done.stdout) == wanted()


def wanted() -> dict[int, str]:
    marks = {n: re.search(r"# (->|!) (.*)", line) for n, line in enumerate(CALLS.split("\n"), 1)}
    return {n: f"{mark[1]} {mark[2]}" for n, mark in marks.items() if mark}


def said(output: str) -> dict[int, str]:
    found = {}
    for line in output.splitlines():
        if revealed := re.search(r":(\d+): note: Revealed type is \"(.*)\"", line):
            found[int(revealed[1])] = f"-> {revealed[2]}"
        elif error := re.search(r":(\d+): error: .*\[([\w-]+)\]", line):
            found[int(error[1])] = f"! {error[2]}"
    return found
