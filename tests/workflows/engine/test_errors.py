"""What readers are told about an error, and what they are not."""

import pickle

import pytest

from workflows.engine.errors import GENERIC, MESSAGE_BYTES, Failure, Halt, LeaseLost, described
from workflows.wire.events import Error


def test_a_failure_has_a_type_of_the_wire() -> None:
    with pytest.raises(ValueError, match="not an error type"):
        Failure("oops", "Oops.")


def test_a_failure_survives_pickling() -> None:
    failure = Failure("rate_limited", "Busy.", retryable=True, retry_after=3, provider="p")
    assert pickle.loads(pickle.dumps(failure)).__dict__ == failure.__dict__


def test_a_flow_cannot_swallow_a_lost_lease() -> None:
    assert issubclass(LeaseLost, Halt)
    assert not issubclass(LeaseLost, Exception)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Failure("unreachable", "No host."), Error("unreachable", "No host.")),
        (Failure("timeout", "Slow.", retryable=True), Error("timeout", "Slow.", True)),
        (TimeoutError(), Error("timeout", "This step took longer than it may.", True)),
        (RecursionError("x"), Error("internal", GENERIC)),
        (ValueError("bad"), Error("internal", "ValueError: bad")),
        (
            ValueError('in File "/srv/app/x.py", line 3, in f'),
            Error("internal", "ValueError: in …"),
        ),
        (OSError("/etc/secret/key.pem is missing"), Error("internal", "OSError: … is missing")),
        (OSError(r"C:\srv\app\x.py"), Error("internal", "OSError: …")),
        (ValueError("<f at 0x7f00>"), Error("internal", "ValueError: <f>")),
    ],
)
def test_the_description(error: Exception, told: Error) -> None:
    assert described(error) == told


def test_a_long_message_is_clipped() -> None:
    message = described(ValueError("é" * MESSAGE_BYTES)).message
    assert len(message.encode()) <= MESSAGE_BYTES
    assert message.endswith("é…")
