"""What each error of a provider means, and the sentence that people read."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import openai
import pytest

from workflows.engine.errors import Failure
from workflows.llm.failures import failure_of, retry_after

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
REQUEST = httpx2.Request("POST", "https://api.example/v1/chat/completions")


def refused(status: int, code: str = "", **headers: str) -> openai.APIStatusError:
    response = httpx2.Response(status, request=REQUEST, headers=headers)
    body = {"code": code, "message": "key sk-secret at /srv/app"}
    return openai.APIStatusError("sk-secret", response=response, body=body)


def broken(cause: Exception) -> openai.APIConnectionError:
    error = openai.APIConnectionError(request=REQUEST)
    error.__cause__ = cause
    return error


def said(error: BaseException) -> tuple[str, bool, float | None, str]:
    failure = failure_of(error, "OpenAI")
    assert failure is not None
    return failure.type, failure.retryable, failure.retry_after, failure.message


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            refused(429, **{"Retry-After": "2"}),
            (
                "rate_limited",
                True,
                2,
                "OpenAI allows no more requests at the moment and asks us to wait 2 s.",
            ),
        ),
        (
            refused(429),
            ("rate_limited", True, None, "OpenAI allows no more requests at the moment."),
        ),
        (
            refused(429, "insufficient_quota", **{"Retry-After": "2"}),
            ("rate_limited", False, None, "The quota at OpenAI is used up."),
        ),
        (
            refused(503, **{"Retry-After": "7"}),
            (
                "provider_unavailable",
                True,
                7,
                "OpenAI is not available at the moment (HTTP 503).",
            ),
        ),
        (
            refused(530),
            (
                "provider_unavailable",
                True,
                None,
                "OpenAI is not available at the moment (HTTP 530).",
            ),
        ),
        (
            refused(401),
            ("provider_refused", False, None, "OpenAI did not accept our key (HTTP 401)."),
        ),
        (
            refused(404),
            (
                "provider_refused",
                False,
                None,
                "OpenAI does not know this address or model (HTTP 404).",
            ),
        ),
        (
            refused(418),
            ("provider_refused", False, None, "OpenAI refused our request (HTTP 418)."),
        ),
        (
            refused(400, "content_filter"),
            (
                "content_filtered",
                False,
                None,
                "OpenAI withheld its answer by its rules on content.",
            ),
        ),
        (
            refused(408),
            ("timeout", True, None, "OpenAI gave up waiting for our request."),
        ),
        (
            broken(httpx2.ConnectError("no")),
            ("provider_unavailable", True, None, "OpenAI could not be reached."),
        ),
        (
            broken(httpx2.RemoteProtocolError("cut")),
            ("provider_unavailable", True, None, "The connection to OpenAI broke."),
        ),
        (
            httpx2.ConnectTimeout("slow"),
            ("timeout", True, None, "OpenAI could not be reached in time."),
        ),
        (
            openai.APITimeoutError(REQUEST),
            ("timeout", True, None, "OpenAI did not answer in time."),
        ),
        (
            openai.APIError("x", REQUEST, body={"code": 429}),
            ("rate_limited", True, None, "OpenAI allows no more requests at the moment."),
        ),
        (
            openai.APIError("x", REQUEST, body={"type": "server_error"}),
            (
                "provider_unavailable",
                True,
                None,
                "OpenAI reported an error in the middle of its answer.",
            ),
        ),
        (
            openai.APIError("x", REQUEST, body={"code": "content_filter"}),
            (
                "content_filtered",
                False,
                None,
                "OpenAI withheld its answer by its rules on content.",
            ),
        ),
    ],
)
def test_meaning(error: BaseException, expected: tuple[str, bool, float | None, str]) -> None:
    assert said(error) == expected


def test_our_own_mistakes_are_left_alone() -> None:
    assert failure_of(TypeError("a bug"), "OpenAI") is None


def test_a_failure_stays_itself() -> None:
    failure = Failure("timeout", "It took too long.")
    assert failure_of(failure, "OpenAI") is failure


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("2", 2),
        ("0.5", 0.5),
        ("-4", 0),
        ("86400", 3600),
        ("1e999", 3600),
        ("nan", None),
        ("tomorrow", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=2), usegmt=True), 3600),
        ("Mon, 01 Jan 2026 00:00:00 +99999999999999", None),
    ],
)
def test_retry_after(header: str | None, expected: float | None) -> None:
    headers = {} if header is None else {"retry-after": header}
    assert retry_after(headers, NOW) == expected
