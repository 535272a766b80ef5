"""How a run may end."""

from dataclasses import dataclass
from typing import Any

import pytest

from workflows.engine.errors import Failure
from workflows.engine.outcome import INTERNAL, completed, failed, read_input
from workflows.wire.events import Error, RunCompleted, RunFailed


@dataclass(frozen=True)
class Trip:
    to: str
    stops: tuple[str, ...] = ()


async def travel(trip: Trip) -> None: ...


async def anything(x) -> None: ...  # type: ignore[no-untyped-def]


def test_an_output_is_plain_json() -> None:
    assert completed(Trip("Rome", ("Pisa",))) == RunCompleted({"to": "Rome", "stops": ["Pisa"]})
    assert isinstance(completed({1: object()}), RunFailed)


def test_readers_learn_nothing_of_an_unexpected_error(caplog: pytest.LogCaptureFixture) -> None:
    assert failed(KeyError("secret")) == RunFailed(Error("internal", INTERNAL))
    assert "secret" in caplog.text
    assert failed(Failure("budget", "Spent.")) == RunFailed(Error("budget", "Spent."))


@pytest.mark.parametrize(
    ("function", "said", "value"),
    [
        (travel, b'{"to": "Rome", "stops": ["Pisa"]}', Trip("Rome", ("Pisa",))),
        (anything, b'{"to": "Rome"}', {"to": "Rome"}),
    ],
)
def test_an_input_is_read_in_its_shape(function: Any, said: bytes, value: Any) -> None:
    assert read_input(function, said) == value


def test_an_input_that_does_not_fit_names_the_place() -> None:
    with pytest.raises(Failure, match=r"The input does not fit: stops\.1: ") as caught:
        read_input(travel, b'{"to": "Rome", "stops": ["Pisa", 7]}')
    assert caught.value.type == "invalid_input"
