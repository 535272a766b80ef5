"""Options of a boundary."""

import pytest

from workflows.engine.options import Options, options_of
from workflows.engine.retry import ONCE, Retry


def named(n: int) -> None: ...


def test_the_function_gives_the_name_and_nothing_is_tried_twice() -> None:
    assert options_of(named) == Options("named", f"{__name__}.named", retry=ONCE)
    assert options_of(named, name="other", retry=4).retry == Retry(attempts=4)


@pytest.mark.parametrize(
    ("key", "given"),
    [(None, None), ("k", "k"), (lambda n: n * 2, "14"), (lambda n: None, None)],
)
def test_a_key_may_be_made_of_the_arguments(key: object, given: str | None) -> None:
    assert options_of(named, key=key).key_for((7,), {}) == given
