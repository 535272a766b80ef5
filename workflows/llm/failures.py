"""What a provider's error means: a type of the closed list, whether trying again can help, and a
sentence for people. The sentence never repeats the provider's own words, which may hold a key.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2
import openai
import pydantic

from workflows.engine.errors import Failure
from workflows.engine.retry import LONGEST_WAIT_S
from workflows.llm.dialects import details

LONGEST_WAIT = 3600.0
QUOTA_CODES = {"insufficient_quota", "billing_hard_limit_reached"}
FILTER_CODES = {"content_filter", "content_policy_violation"}
REFUSALS = {
    400: "did not understand our request",
    401: "did not accept our key",
    402: "wants to be paid first",
    403: "does not allow this request with our key",
    404: "does not know this address or model",
    413: "finds our request too large",
    422: "did not understand our request",
}
BARRED = {401, 402, 403}


class Barred(Failure):
    """The provider wants nothing of us until somebody looks after the account."""


class Throttled(Failure):
    """Nothing was sent: the provider wants to be left alone for a while, and another one could be
    asked instead."""

    def __init__(self, provider: str, seconds: float) -> None:
        why = f"{provider} is throttling, for {seconds:.0f} s more."
        super().__init__("rate_limited", why, retryable=True, retry_after=seconds)


def failure_of(error: BaseException, provider: str) -> Failure | None:
    """None: not a provider's fault, leave the error as it is."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, openai.APIStatusError):
        return _from_status(error, provider)
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError):
        return _from_connection(error, provider)
    return _from_answer(error, provider)


def _from_status(error: openai.APIStatusError, provider: str) -> Failure:
    status, reasons = error.status_code, _reasons(error)
    wait = retry_after(error.response.headers, datetime.now(UTC)) or _delay(reasons)
    if status == 429:
        return _limited(
            "insufficient_quota" if "PerDay" in reasons else _code(error), provider, wait
        )
    if "API_KEY_INVALID" in reasons:
        status = 401
    if _code(error) in FILTER_CODES:
        return _filtered(provider)
    if status == 408:
        why = f"{provider} gave up waiting for our request."
        return Failure("timeout", why, retryable=True, retry_after=wait)
    if status >= 500 or status in (409, 425):
        why = f"{provider} is not available at the moment (HTTP {status})."
        return _unavailable(why, wait)
    reason = REFUSALS.get(status, "refused our request")
    refused = Barred if status in BARRED else Failure
    return refused("provider_refused", f"{provider} {reason} (HTTP {status}).")


def _limited(code: str, provider: str, wait: float | None) -> Failure:
    if code in QUOTA_CODES:
        return Barred("rate_limited", f"The quota at {provider} is used up.")
    asks = f" and asks us to wait {wait:.0f} s" if wait else ""
    why = f"{provider} allows no more requests at the moment{asks}."
    # Nobody waits for so long: to us it is as if the account were closed.
    limited = Barred if (wait or 0.0) > LONGEST_WAIT_S else Failure
    return limited("rate_limited", why, retryable=True, retry_after=wait)


def _from_connection(error: openai.APIError | httpx2.HTTPError, provider: str) -> Failure:
    cause = error.__cause__ if isinstance(error, openai.APIError) else error
    if isinstance(cause, httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return Failure("timeout", f"{provider} could not be reached in time.", retryable=True)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return Failure("timeout", f"{provider} did not answer in time.", retryable=True)
    if isinstance(cause, httpx2.ConnectError):
        return _unavailable(f"{provider} could not be reached.")
    return _unavailable(f"The connection to {provider} broke.")


def _from_answer(error: BaseException, provider: str) -> Failure | None:
    """The request went well and what came back did not."""
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return _filtered(provider)
    if isinstance(error, openai.LengthFinishReasonError):
        return _invalid(f"{provider} reached its length limit before its answer was complete.")
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return _invalid(f"{provider} sent something that is not JSON.")
    if isinstance(error, pydantic.ValidationError | openai.APIResponseValidationError):
        return _invalid(f"{provider} sent an answer that does not have the form asked for.")
    if isinstance(error, openai.APIError):
        return _from_stream(error, provider)
    return None


def _from_stream(error: openai.APIError, provider: str) -> Failure:
    """An error object in the midst of a stream that began with 200."""
    code = _code(error)
    if code in FILTER_CODES:
        return _filtered(provider)
    if code in QUOTA_CODES or code == "429" or "rate_limit" in code:
        return _limited(code, provider, None)
    return _unavailable(f"{provider} reported an error in the middle of its answer.")


def unbilled(error: BaseException) -> bool:
    """Whether it is certain that this try costs nothing: the provider was not reached, or answered
    with an error in place of an answer. What broke off later may be on the bill."""
    cause = error.__cause__ if isinstance(error, openai.APIError) else error
    unreached = httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout
    return isinstance(error, openai.APIStatusError) or isinstance(cause, unreached)


def web_page(provider: str) -> Failure:
    return _unavailable(f"{provider} sent a web page instead of an answer.")


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait, from a Retry-After of seconds or of a date; never more than an hour."""
    if (raw := headers.get("retry-after", "").strip()) == "":
        return None
    try:
        wait = float(raw)
    except ValueError:
        wait = _until(raw, now)
    return None if math.isnan(wait) else min(max(wait, 0.0), LONGEST_WAIT)


def _delay(reasons: str) -> float | None:
    """Of a RetryInfo, which Gemini sends instead of the header."""
    found = re.search(r"'retryDelay': '([0-9]+(?:\.[0-9]+)?)s'", reasons)
    return None if found is None else min(float(found[1]), LONGEST_WAIT)


def _until(raw: str, now: datetime) -> float:
    try:
        date = parsedate_to_datetime(raw)
    except (ValueError, OverflowError):
        return math.nan
    return (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()


def _code(error: openai.APIError) -> str:
    told = details(error.body)
    return str(error.code or error.type or told.get("code") or told.get("type") or "")


def _reasons(error: openai.APIStatusError) -> str:
    """What Google says beside the code: which quota, how long, that the key is none."""
    return str(details(error.body).get("details") or "")


def _filtered(provider: str) -> Failure:
    return Failure("content_filtered", f"{provider} withheld its answer by its rules on content.")


def _unavailable(message: str, wait: float | None = None) -> Failure:
    return Failure("provider_unavailable", message, retryable=True, retry_after=wait)


def _invalid(message: str) -> Failure:
    return Failure("invalid_answer", message, retryable=True)
