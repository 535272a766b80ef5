"""Both computes keep the port's promises."""

import pytest

from tests import valkey
from workflows.compute.celery import CeleryCompute
from workflows.compute.port import Compute, Pile, Unreachable
from workflows.wire.orders import Order

ORDER = Order("0" * 8 + "-run", "blog", 1, 1, "a" * 40)


@pytest.fixture(params=["pile", "celery"])
def compute(request: pytest.FixtureRequest, redis_url: str) -> Compute:
    return Pile() if request.param == "pile" else CeleryCompute(redis_url)


def test_an_order_waits_in_the_queue_of_its_lane_workflow_and_version(compute: Compute) -> None:
    compute.submit(ORDER, "bulk")
    compute.submit(ORDER, "bulk")
    compute.submit(ORDER, "interactive")
    assert compute.queue_length("gx.bulk.blog.v1") == 2
    assert compute.queue_length("gx.interactive.blog.v1") == 1
    assert compute.queue_length("gx.bulk.blog.v2") == 0


def test_a_broker_that_is_away_is_said_and_not_waited_for() -> None:
    away = CeleryCompute(f"redis://127.0.0.1:{valkey.free_port()}/0")
    with pytest.raises(Unreachable):
        away.submit(ORDER, "bulk")
    with pytest.raises(Unreachable):
        away.queue_length("gx.bulk.blog.v1")
