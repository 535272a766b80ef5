"""Rings for a worker. An order is only a doorbell: one that is lost is rung again by the monitor,
so a failure to ring is logged and is no failure of anything else."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from runs.connections import gx
from workflows.catalog import lane_of
from workflows.compute.celery import CeleryCompute
from workflows.compute.port import Compute, Unreachable
from workflows.wire import orders
from workflows.wire.orders import Order

logger = logging.getLogger(__name__)


class Bell(Protocol):
    def ring(self, *orders: Order) -> bool:
        """For all of them by one message. False: it may be that nobody has heard it."""
        ...

    def waiting(self, queue: str) -> int | None:
        """How many orders are in a queue. None: it cannot be seen."""
        ...


def bell() -> Bell:
    """The one of this process."""
    return _bell(gx().broker_url)


def queue_of(workflow: str, version: int) -> str:
    return orders.queue(lane_of(workflow), workflow, version)


@dataclass(frozen=True)
class Doorbell:
    """Rings a compute, whatever state it is in."""

    compute: Compute

    def ring(self, *orders: Order) -> bool:
        try:
            self.compute.submit_all([(order, lane_of(order.workflow)) for order in orders])
        except Unreachable as error:
            runs = ", ".join(order.run for order in orders)
            logger.warning("could not ring for run %s: %s", runs, error)
            return False
        return True

    def waiting(self, queue: str) -> int | None:
        try:
            return self.compute.queue_length(queue)
        except Unreachable as error:
            logger.warning("the queue cannot be seen: %s", error)
            return None


@lru_cache
def _bell(url: str) -> Bell:
    return Doorbell(CeleryCompute(url))
