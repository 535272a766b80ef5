"""What a compute is told, and the names under which all of it is kept."""

import pytest

from workflows.wire import keys
from workflows.wire.orders import Order, queue


def test_an_order_survives_the_trip() -> None:
    order = Order("3f2504e0", "blog", 1, 2, "abc")
    assert Order.from_dict(order.to_dict()) == order
    assert queue("interactive", "blog", 1) == "gx.interactive.blog.v1"


def test_what_is_no_order_is_refused() -> None:
    with pytest.raises(KeyError):
        Order.from_dict({"run": "x"})


def test_all_keys_of_a_run_and_its_due_list_share_a_slot() -> None:
    run = "ff2504e0-4f89-41d3-9a0c-0305e82c3301"
    assert keys.bucket(run) == 15
    names = [keys.log(run), keys.lease(run), keys.inbox(run), keys.blob(run), keys.due(15)]
    assert {name.split("}")[0] for name in names} == {"gx:{15"}
    assert len(set(names)) == 5
