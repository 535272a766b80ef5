"""What is written of a try can be read again, by older and newer code too."""

import pytest

from workflows.wire import keys
from workflows.wire.codec import dumps, loads
from workflows.wire.spend import Try, command, decode

RUN = "2f000000-0000-4000-8000-000000000000"
BEGUN = Try("c1", RUN, "7", "blog[0]", 1, "blog", "openai", "gpt", 1000, 50, 0.25)


def test_a_record_comes_back_as_it_was() -> None:
    xadd, stream, id, field, data = command(BEGUN)
    assert (xadd, stream, id) == ("XADD", keys.spend(15), "*")
    assert decode({field.encode(): data}) == BEGUN


def test_fields_of_a_newer_writer_are_left_out() -> None:
    said = loads(command(BEGUN)[-1]) | {"v": 2, "colour": "red"}
    assert decode({b"data": dumps(said)}) == BEGUN


@pytest.mark.parametrize(
    "entry", [{}, {b"data": b"[]"}, {b"data": b"{}"}, {b"data": b"{"}, {b"data": b"null"}]
)
def test_what_is_no_record_is_refused(entry: dict[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match=r"record|JSON|data"):
        decode(entry)
