"""Each provider fault: once, and the run completes; always, and it fails with a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tests.chaos.stack import Stack, stack
from tests.chaos.verdict import check, notes, state

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]

BUSY = "fake allows no more requests at the moment"
LATE = "fake did not finish within 10 s."
# Each fault's rule, and with which error and sentence a run ends when it never stops.
FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "429, wait 1 s": (
        {"fault": "429", "retry_after": "1"}, "rate_limited", f"{BUSY} and asks us to wait 1 s.",
    ),
    "429, wait till then": ({"fault": "429", "retry_after": "date"}, "rate_limited", f"{BUSY}."),
    "500": (
        {"fault": "500"}, "provider_unavailable",
        "fake is not available at the moment (HTTP 500).",
    ),
    "530": (
        {"fault": "530"}, "provider_unavailable",
        "fake is not available at the moment (HTTP 530).",
    ),
    "stall before": ({"fault": "stall_before"}, "timeout", LATE),
    "stall within": ({"fault": "stall_within"}, "timeout", LATE),
    "cut": ({"fault": "cut"}, "provider_unavailable", "The connection to fake broke."),
    "html": (
        {"fault": "html"}, "provider_unavailable", "fake sent a web page instead of an answer.",
    ),
    "empty stream": (
        {"fault": "empty"}, "invalid_answer", "fake sent something that is not JSON.",
    ),
    "no choices": ({"fault": "no_choices"}, "invalid_answer", "fake sent an empty answer."),
    "length": (
        {"fault": "length"}, "invalid_answer",
        "fake reached its length limit before its answer was complete.",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with stack(
        tmp_path_factory.mktemp("faults"), latency=0.02,
        GX_LLM_FIRST_TOKEN_SECONDS="1.5", GX_LLM_CHUNK_SECONDS="1.5", GX_LLM_TOTAL_SECONDS="10",
        GX_TEST_MINUTE_SECONDS="6",  # tries again are counted by the minute
    ) as made:  # fmt: skip
        yield made


def begun(s: Stack, times: int | str, **match: Any) -> dict[str, str]:
    """A run for each fault, all at once: its topic, which is in its prompts, calls the fault."""
    s.provider.unscript()
    runs = {}
    for number, (name, (rule, _, _)) in enumerate(FAULTS.items()):
        topic = f"Fault{number}x{times}"
        rule = dict(rule)
        if rule.get("retry_after") == "date":
            rule["retry_after"] = format_datetime(datetime.now(UTC) + timedelta(seconds=3), True)
        s.provider.script(**rule, match={"contains": topic, **match}, times=times)
        runs[name] = s.begin(topic=topic, notes=notes("Apache-2.0"), words=300)
    return runs


def test_once_and_the_run_completes(s: Stack) -> None:
    runs = begun(s, 1, nth=3)
    ended = {name: s.ended(run)["status"] for name, run in runs.items()}
    assert ended == dict.fromkeys(runs, "completed")
    for name, run in runs.items():
        assert "span.retrying" in {event["kind"] for event in s.events(run)}, name


def test_always_and_the_run_fails_with_a_sentence(s: Stack) -> None:
    runs = begun(s, "always")
    for name, run in runs.items():
        _, kind, sentence = FAULTS[name]
        ended = s.ended(run, 240)
        assert (name, ended["status"], ended["error"]["type"]) == (name, "failed", kind)
        message = ended["error"]["message"]
        assert message == sentence, name
        assert not re.search(r"Traceback|File \"|/|sk-", message), message
        assert not any(span.open for span in state(s, run).spans.values())
    check(s, list(runs.values()), allowed_open=10**6)
