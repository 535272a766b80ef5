"""What a compute is to those who ring it: somewhere to send an order, and how many wait there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from workflows.wire.orders import Order, queue


class Unreachable(Exception):
    """The order could not be sent. It is only a doorbell: whoever watches the log rings again."""


class Compute(Protocol):
    def submit(self, order: Order, lane: str) -> None:
        """Ring. Raises Unreachable."""

    def submit_all(self, orders: Sequence[tuple[Order, str]]) -> None:
        """Ring for each, with its lane, by one message. Raises Unreachable."""

    def queue_length(self, queue: str) -> int:
        """How many orders wait in a queue. Raises Unreachable."""


@dataclass
class Pile:
    """A compute that only remembers: for tests, and for those who fetch their orders."""

    orders: dict[str, list[Order]] = field(default_factory=lambda: defaultdict(list))

    def submit(self, order: Order, lane: str) -> None:
        self.orders[queue(lane, order.workflow, order.version)].append(order)

    def submit_all(self, orders: Sequence[tuple[Order, str]]) -> None:
        for order, lane in orders:
            self.submit(order, lane)

    def queue_length(self, queue: str) -> int:
        return len(self.orders.get(queue, ()))
