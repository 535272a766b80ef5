"""An order is what a compute is told, and all that it is told: the rest is in the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

LANES = ("interactive", "bulk")


@dataclass(frozen=True, slots=True)
class Order:
    """Do attempt `attempt` of run `run`. `redis_run_id` names the server on which its log was
    looked at: after a restart of that server the order is stale, since the log may be shorter."""

    run: str
    workflow: str
    version: int
    attempt: int
    redis_run_id: str

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError when it is not an order."""
        return cls(
            run=str(data["run"]),
            workflow=str(data["workflow"]),
            version=int(data["version"]),
            attempt=int(data["attempt"]),
            redis_run_id=str(data["redis_run_id"]),
        )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def queue(lane: str, workflow: str, version: int) -> str:
    """The queue on which orders for one version of a workflow wait."""
    return f"gx.{lane}.{workflow}.v{version}"
