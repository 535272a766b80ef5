"""Which call gets which fault: rules that a test sets, taken in order, each so many times."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass, field
from typing import Any

# A number is an HTTP status; `insufficient_quota` is a 429 that waiting does not heal.
FAULTS = {
    *("stall_before", "stall_within", "cut", "half", "reset", "refuse", "drip", "html"),
    *("empty", "comments", "no_choices", "done_without_finish", "length", "content_filter"),
    *("null", "bad_json", "error_within", "insufficient_quota"),
}


@dataclass(frozen=True)
class Asked:
    """One call, as the rules and the ledger see it."""

    body: dict[str, Any]
    id: str = ""  # by which the caller knows it

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def schema(self) -> str | None:
        shape = (self.body.get("response_format") or {}).get("json_schema") or {}
        name = shape.get("name")
        return str(name) if name else None

    @property
    def hash(self) -> str:
        return _sha(self.body)

    @property
    def messages(self) -> str:
        return _sha(self.body.get("messages"))

    def fits(self, match: dict[str, Any]) -> bool:
        told = {"schema": self.schema, "model": self.model, "stream": self.stream}
        if "contains" in match and match["contains"] not in json.dumps(self.body):
            return False
        return all(told[name] == match[name] for name in told if name in match)


@dataclass
class Rule:
    """`match`: any of schema, model, stream, contains; `nth` counts the calls that fit the rest.
    `times` None: always. `rate`: for this part of the calls that fit, as `seed` picks them.
    """

    fault: str
    match: dict[str, Any] = field(default_factory=dict)
    times: int | None = 1
    retry_after: str | None = None
    seen: int = 0
    rate: float = 1.0
    seed: int = 0

    @classmethod
    def read(cls, raw: dict[str, Any]) -> Rule:
        fault, times, wait = str(raw["fault"]), raw.get("times", 1), raw.get("retry_after")
        if fault not in FAULTS and not fault.isdigit():
            raise ValueError(f"unknown fault {fault!r}")
        return cls(
            fault=fault,
            match=dict(raw.get("match", {})),
            times=None if times == "always" else int(times),
            retry_after=None if wait is None else str(wait),
            rate=float(raw.get("rate", 1)),
            seed=int(raw.get("seed", 0)),
        )

    def takes(self, asked: Asked) -> bool:
        if self.times == 0 or not asked.fits(self.match):
            return False
        self.seen += 1
        if self.rate < 1 and random.Random(f"{self.seed} {self.seen}").random() >= self.rate:
            return False
        return "nth" not in self.match or self.seen == self.match["nth"]

    @property
    def refuses(self) -> bool:
        """Nothing is answered, so nothing is charged."""
        return self.fault.isdigit() or self.fault == "insufficient_quota"


@dataclass
class Script:
    rules: list[Rule] = field(default_factory=list)

    def pick(self, asked: Asked) -> Rule | None:
        """The first rule that takes the call; it is used up by one."""
        for rule in self.rules:
            if rule.takes(asked):
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None


def _sha(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
