"""What must hold after any disturbance, and the text that an undisturbed run writes."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from tests.chaos.stack import Stack
from tests.fakes import accounts, checker
from workflows.wire.codec import from_json
from workflows.wire.fold import fold
from workflows.wire.state import EMPTY, State

LICENCES = Path("/usr/share/common-licenses")
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
KILLS = int(os.environ.get("KILLS") or 3)


def notes(name: str = "GPL-3") -> str:
    """A real text that nobody wrote for this test."""
    return (LICENCES / name).read_text()


def seeded(name: str) -> random.Random:
    """Randomness that a printed seed brings back."""
    print(f"SEED={SEED} KILLS={KILLS}")
    return random.Random(f"{SEED} {name}")


def state(stack: Stack, run: str) -> State:
    """The fold of the log as REST gives it."""
    return fold(EMPTY, map(from_json, stack.events(run)))


def check(stack: Stack, runs: list[str], *, allowed_open: int | None = 0) -> None:
    """Logs well-formed, nothing finished paid again, SQL and the visible text as the log says, and
    every call that the provider was asked in the ledger, to the token.

    `allowed_open`: how many calls may have been paid twice, where a log was lost that could tell;
    None: just those that the logs say were open when an attempt ended, and then the ledger is
    accounted for call by call.
    """
    ledger = stack.provider.ledger()
    logs = {run: [from_json(item) for item in stack.events(run)] for run in runs}
    doubt = sum(map(checker.in_doubt, logs.values()))
    wrong = checker.ledger_violations(ledger, doubt if allowed_open is None else allowed_open)
    wrong += checker.usage_violations(logs.values(), ledger)
    if allowed_open is None:
        wrong += checker.balance_violations(logs.values(), ledger)
    left = max(doubt, allowed_open or 0)
    wrong += accounts.account_violations(ledger, stack.calls(), left)
    for run, events in logs.items():
        folded, found = fold(EMPTY, events), stack.run(run)
        row = {name: found[name] for name in ("status", "output")}
        told = checker.log_violations(events) + checker.row_violations(folded, row)
        wrong += [f"{run}: {one}" for one in told + text_violations(folded)]
    assert not wrong, "\n".join(wrong)


def text_violations(folded: State) -> list[str]:
    """The text that a reader sees at the end is the output's, section by section."""
    if folded.status != "completed":
        return []
    sections = [section["markdown"] for section in folded.output["sections"]]
    seen = [folded.channels[f"section-{n + 1}"].text for n in range(len(sections))]
    return [
        f"section {n + 1} shows {len(shown)} characters, the output has {len(meant)}"
        for n, (shown, meant) in enumerate(zip(seen, sections, strict=True))
        if shown != meant
    ]


def same_post(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["output"]["markdown"] == other["output"]["markdown"])
