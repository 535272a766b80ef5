"""What a Sentry is told: where in the code, never whose words."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import pytest

from tests.gxweb.telemetry.collector import collecting
from tests.patience import patience
from tests.workflows.worker.house import ROOT
from workflows.wire import reports
from workflows.wire.settings import BadSetting

CODE = """
import logging, os
from workflows.wire import reports
reports.begin(os.environ)
logger = logging.getLogger("gxweb.test")
logger.warning("not this")
def fails(whose):
    raise ValueError(f"sk-secret of {whose}")
try:
    fails("Ann")
except ValueError:
    logger.exception("A call of %s failed", "Ann's secret", extra={"mail": "ann@example.org"})
logger.error({"Ann": "secret"})
"""


@pytest.mark.parametrize("dsn", ["x", "https://host/1", "ftp://k@host/1", "https://k@host"])
def test_a_wrong_one_is_refused_by_name_and_not_shown(dsn: str) -> None:
    with pytest.raises(BadSetting, match="SENTRY_DSN: should be") as refusal:
        reports.begin({"SENTRY_DSN": dsn})
    assert dsn not in str(refusal.value) or dsn == "x"


def test_an_error_is_sent_without_its_values() -> None:
    with collecting() as collector:
        dsn = collector.url.replace("//", "//abc@") + "/sentry/7"
        environ = {"PATH": "/usr/bin:/bin", "SENTRY_DSN": dsn}
        done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, env=environ, timeout=60)
        posts = [collector.posts.get(timeout=patience(10)) for _ in range(2)]
    assert done.returncode == 0
    assert {path for path, *_ in posts} == {"/sentry/api/7/envelope/"}
    assert "sentry_key=abc" in posts[0][1]["x-sentry-auth"]
    bodies = [gzip.decompress(body) for *_, body in posts]
    assert not any(word in body for word in (b"secret", b"Ann", b"ann@") for body in bodies)
    events = [json.loads(body.splitlines()[-1]) for body in bodies]
    assert [event["message"] for event in events] == ["A call of %s failed", "dict"]
    assert events[0]["logger"] == "gxweb.test"
    [error] = events[0]["exception"]["values"]
    assert error["type"] == "ValueError"
    assert error["stacktrace"]["frames"][-1]["function"] == "fails"
