"""What starts a run answers alike: the key that makes it one run, and refusals in words of REST."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from runs import lifecycle
from runs.api.document import header
from runs.api.problems import Problem, invalid, unavailable

LONGEST_KEY = 255
# Printable ASCII: all that every client and proxy hands on unchanged.
KEY = re.compile(rf"[!-~](?:[ -~]{{0,{LONGEST_KEY - 2}}}[!-~])?")
KEY_HEADER = header(
    "Idempotency-Key",
    "The same key and body start one run only; with another body: 409",
    "nightly-2026-11-21",
    pattern=f"^{KEY.pattern}$",
)


def key_of(request: HttpRequest) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not KEY.fullmatch(key):
        wrong = f"should have 1 to {LONGEST_KEY} printable characters of ASCII"
        raise invalid(f"Idempotency-Key {wrong}.", wrong, "Idempotency-Key")
    return key


@contextmanager
def refusals() -> Iterator[None]:
    """Through the only door; its refusals as problems."""
    try:
        yield
    except lifecycle.Invalid as error:
        detail = "The input does not fit."
        raise Problem(422, "invalid_input", detail, errors=error.errors) from None
    except lifecycle.KeyReused:
        detail = "This Idempotency-Key was used for another body."
        raise Problem(409, "key_reused", detail) from None
    except lifecycle.OverQuota as error:
        wait = {"Retry-After": str(error.retry_after)}
        raise Problem(429, "over_quota", str(error), headers=wait) from None
    except lifecycle.Unavailable as error:
        detail = "Nothing can be started at the moment. Try again soon."
        raise unavailable(detail, error.retry_after) from None
