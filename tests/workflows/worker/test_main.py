"""The command: what it refuses, in one line."""

import subprocess
import sys

import pytest

from tests.workflows.worker import flows
from tests.workflows.worker.house import ROOT
from workflows.worker.__main__ import load, parser, queues


def refusal(*words: str, **environ: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "workflows.worker", *words],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"DJANGO_SETTINGS_MODULE": "gxweb.settings"}, "DJANGO_SETTINGS_MODULE"),
        ({"GX_LEASE_SECONDS": "soon"}, "GX_LEASE_SECONDS"),
        ({"REDIS_URL": "http://x"}, "REDIS_URL"),
        ({"GX_PROVIDERS": "x"}, "GX_PROVIDERS"),
    ],
)
def test_a_wrong_environment_is_refused_in_one_line(environ: dict[str, str], said: str) -> None:
    code, printed = refusal(**environ)
    assert code == 2
    assert printed.startswith("workflows.worker: ")
    assert said in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    "words", [("--lanes", "fast"), ("--lanes", ""), ("--concurrency", "0"), ("--speed", "9")]
)
def test_wrong_words_are_refused(words: tuple[str, ...]) -> None:
    code, printed = refusal(*words)
    assert code == 2
    assert "usage: workflows.worker" in printed


def test_queues_are_every_workflow_in_every_lane() -> None:
    registry = load("tests.workflows.worker.flows")
    assert registry is flows.REGISTRY
    asked = parser().parse_args(["--lanes", "bulk"])
    assert queues(registry, asked.lanes) == [
        "gx.bulk.naps.v1", "gx.bulk.crowd.v1", "gx.bulk.stands.v1", "gx.bulk.stops.v1",
        "gx.bulk.blocks.v1", "gx.bulk.breaks.v1", "gx.bulk.frozen.v1",
    ]  # fmt: skip
    assert len(queues(registry, parser().parse_args([]).lanes)) == 14
