"""Classes found by name, and only those that are here anyway."""

import sys

import pytest

from workflows.engine import shapes


class Outer:
    class Inner:
        pass


alias = Outer


def test_a_class_is_found_by_its_name() -> None:
    assert shapes.find(shapes.name(Outer.Inner)) is Outer.Inner


@pytest.mark.parametrize(
    "named",
    ["this:s", f"{__name__}:alias", f"{__name__}:pytest", f"{__name__}:Outer.Other", "", ":", "os"],
)
def test_nothing_else_is_found(named: str) -> None:
    with pytest.raises(LookupError):
        shapes.find(named)
    assert "this" not in sys.modules
