"""What a Sentry is told: where in the code, never whose words."""

from __future__ import annotations

import json
import logging

import pytest

from tests.gxweb.telemetry.collector import collecting
from workflows.wire.reports import Reporter, Target, report, target
from workflows.wire.settings import BadSetting


def test_a_dsn_is_read() -> None:
    dsn = "https://abc123@o1.ingest.example/4507"
    expected = Target("https://o1.ingest.example/api/4507/envelope/", "abc123")
    assert target({"SENTRY_DSN": dsn}) == expected
    below = target({"SENTRY_DSN": "http://k@host:9000/sentry/7"})
    assert below == Target("http://host:9000/sentry/api/7/envelope/", "k")
    assert target({}) is target({"SENTRY_DSN": " "}) is None


@pytest.mark.parametrize("dsn", ["x", "https://host/1", "ftp://k@host/1", "https://k@host/name"])
def test_a_wrong_one_is_refused_by_name_and_not_shown(dsn: str) -> None:
    with pytest.raises(BadSetting, match="SENTRY_DSN: should be") as refusal:
        target({"SENTRY_DSN": dsn})
    assert dsn not in str(refusal.value) or dsn == "x"


def test_an_error_is_sent_without_its_values() -> None:
    logger = logging.getLogger("gxweb.test")
    with collecting() as collector:
        reporter = Reporter(Target(f"{collector.url}/api/1/envelope/", "abc"))
        logger.addHandler(reporter)
        logger.warning("not this")
        try:
            raise ValueError("sk-secret of Ann")
        except ValueError:
            logger.exception("A call of %s failed", "Ann's secret")
        logger.removeHandler(reporter)
        path, headers, body = collector.posts.get(timeout=10)
    assert path == "/api/1/envelope/"
    assert "sentry_key=abc" in headers["X-Sentry-Auth"]
    assert b"secret" not in body
    assert b"Ann" not in body
    head, kind, event = map(json.loads, body.splitlines())
    assert (head["event_id"], kind["type"]) == (event["event_id"], "event")
    assert (event["message"], event["logger"]) == ("A call of %s failed", "gxweb.test")
    [error] = event["exception"]["values"]
    assert error["type"] == "ValueError"
    assert (
        error["stacktrace"]["frames"][-1]["function"] == "test_an_error_is_sent_without_its_values"
    )


def test_a_message_that_is_no_text_is_named() -> None:
    record = logging.LogRecord("x", logging.ERROR, "f.py", 1, {"a": "secret"}, None, None)
    assert report(record)["message"] == "dict"
