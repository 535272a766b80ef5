"""What a line of a benchmark says."""

from __future__ import annotations

import json

import pytest

from tests.bench.__main__ import main
from tests.bench.figure import Figure, p50, p95, p99


def test_a_figure_is_a_line_beside_its_floor() -> None:
    line = json.loads(Figure("x", 3.00049, "ms", 1.5, 10).line())
    assert line == {
        "name": "x", "value": 3.0, "unit": "ms", "floor": 1.5, "ratio": 2.0, "n": 10,
    }  # fmt: skip


def test_without_a_floor_there_is_no_ratio() -> None:
    line = json.loads(Figure("x", 0, "calls").line())
    assert (line["floor"], line["ratio"]) == (None, None)


def test_quantiles_are_values_that_were_measured() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert (p50(values), p95(values), p99(values)) == (50.5, 96.0, 100.0)
    assert (p95([7.0]), p99([7.0])) == (7.0, 7.0)


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert "no benchmark nothing" in capsys.readouterr().err
