"""The books are compared: each way in which they can differ is seen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.accounts import account_violations, balance

TOLD = {"prompt_tokens": 10, "completion_tokens": 5}
UNTOLD: dict[str, Any] = {"prompt_tokens": None, "completion_tokens": None}


def asked(call: int, status: str | None = "ok", id: str | None = None) -> list[dict[str, Any]]:
    name = id or f"c{call}"
    start = {"event": "start", "call": call, "id": name, "schema": None, "model": "m"}
    if status is None:
        return [start]
    usage = TOLD if status in ("ok", "fault") else UNTOLD
    return [start, {"event": "end", "call": call, "status": status, **usage}]


def row(id: str, ended: int | None = 1, status: str = "ok", **told: Any) -> dict[str, Any]:
    return {"id": id, "ended_at": ended, "status": status, **(told or TOLD)}


LEFT = row("c2", None, "", **UNTOLD)


def test_books_that_agree() -> None:
    lines = [*asked(1), *asked(2), *asked(3, "fault"), *asked(4, None), *asked(5, "closed")]
    rows = [
        row("c1"), LEFT, row("c3", status="timeout", **UNTOLD), row("c4", None, "", **UNTOLD),
        row("c5", status="cancelled", **UNTOLD), row("never sent", None, "", **UNTOLD),
        row("refused", status="provider_unavailable", prompt_tokens=0, completion_tokens=0),
    ]  # fmt: skip
    assert account_violations(lines, rows, open_=3) == []
    assert balance(lines, rows) == (
        "the provider was asked 5 calls; the ledger has 1 known with 15 tokens (the provider"
        " counts 15) and 4 unknown"
    )


@pytest.mark.parametrize(
    ("lines", "rows", "told"),
    [
        (asked(1), [], "the ledger lacks call 1 (m), which the provider ok"),
        (asked(1), [row("c1"), row("c1")], "the ledger has 2 rows of c1"),
        (asked(1) + asked(2, id="c1"), [row("c1")], "2 calls are named c1"),
        (
            asked(1),
            [row("c1", prompt_tokens=9, completion_tokens=5)],
            "of call 1 (m) the ledger has [9, 5] tokens, the provider [10, 5]",
        ),
        (
            asked(1),
            [row("c1", **UNTOLD)],
            "call 1 (m) was answered, and the ledger does not know its tokens",
        ),
        ([], [row("x")], "the ledger has tokens of x, which no provider was asked"),
        (asked(2), [LEFT], "1 calls were begun and left, at most 0 were open at a death"),
    ],
)
def test_books_that_differ(lines: Any, rows: Any, told: str) -> None:
    assert account_violations(lines, rows, open_=0) == [told]
