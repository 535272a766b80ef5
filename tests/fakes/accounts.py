"""Does the ledger agree with the provider's own books, call by call and to the token?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Line = Mapping[str, Any]
Row = Mapping[str, Any]
COUNTED = ("prompt_tokens", "completion_tokens")


def account_violations(
    lines: Sequence[Line], rows: Sequence[Row], open_: int | None = None
) -> list[str]:
    """Every call that reached the provider is in the ledger, once. What the ledger knows of it is
    what the provider counted; what it does not know it says so of. Nothing else has cost anything.

    `open_`: how many calls may have been begun and left; None: any number.
    """
    ends = {line["call"]: line for line in lines if line["event"] == "end"}
    asked = [line for line in lines if line["event"] == "start"]
    known = {row["id"]: row for row in rows}
    found = [f"{n} calls are named {name}" for name, n in _often(asked)]
    found += [f"the ledger has {n} rows of {name}" for name, n in _often(rows)]
    for line in asked:
        found += _call(line, ends.get(line["call"]), known.get(line["id"]))
    found += _strangers(rows, {line["id"] for line in asked})
    left = sum(row["ended_at"] is None for row in rows)
    if open_ is not None and left > open_:
        found.append(f"{left} calls were begun and left, at most {open_} were open at a death")
    return found


def _often(named: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    return [(name, n) for name, n in Counter(one["id"] for one in named).items() if n > 1]


def _call(asked: Line, end: Line | None, row: Row | None) -> Iterator[str]:
    what = f"call {asked['call']} ({asked['schema'] or asked['model']})"
    said = "never finished" if end is None else end["status"]
    if row is None:
        yield f"the ledger lacks {what}, which the provider {said}"
        return
    told = [row[name] for name in COUNTED]
    counted = None if end is None else [end[name] for name in COUNTED]
    if None not in told and told != counted:
        yield f"of {what} the ledger has {told} tokens, the provider {counted}"
    if None in told and row["status"] == "ok":
        yield f"{what} was answered, and the ledger does not know its tokens"


def _strangers(rows: Sequence[Row], asked: set[str]) -> Iterator[str]:
    for row in rows:
        if row["id"] not in asked and any(row[name] for name in COUNTED):
            yield f"the ledger has tokens of {row['id']}, which no provider was asked"


def balance(lines: Sequence[Line], rows: Sequence[Row]) -> str:
    """Both sides in a line."""
    asked = {line["id"] for line in lines if line["event"] == "start"}
    ours = [row for row in rows if row["id"] in asked]
    known = [row for row in ours if row["prompt_tokens"] is not None]
    tokens = sum(row[name] or 0 for row in known for name in COUNTED)
    numbers = {
        line["call"]
        for line in lines
        if line["event"] == "start" and line["id"] in {row["id"] for row in known}
    }
    theirs = sum(
        line[name] or 0
        for line in lines
        for name in COUNTED
        if line["event"] == "end" and line["call"] in numbers
    )
    return (
        f"the provider was asked {len(asked)} calls; the ledger has {len(known)} known with"
        f" {tokens} tokens (the provider counts {theirs}) and {len(ours) - len(known)} unknown"
    )
