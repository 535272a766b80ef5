"""Each benchmark comes to its end and prints lines that a program can read. No number is judged."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.__main__ import BENCHES

ROOT = Path(__file__).parents[2]


@pytest.mark.bench
@pytest.mark.parametrize("name", BENCHES)
def test_it_prints_figures(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--tiny", name],
        cwd=ROOT, capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines
    for line in lines:
        assert list(line) == ["name", "value", "unit", "floor", "ratio", "n"]
        assert math.isfinite(line["value"])
        assert line["unit"]
