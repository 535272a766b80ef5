"""What staff see of an error: all of it, once, without secrets, and not without end."""

from __future__ import annotations

import pytest

from tests.workflows.engine.desk import Desk
from tests.workflows.engine.house import House
from workflows.engine import component, workflow
from workflows.engine.errors import Failure
from workflows.engine.faults import Faults, printed
from workflows.engine.masking import Mask
from workflows.engine.retry import Decision
from workflows.wire import codec
from workflows.wire.codec import dumps, to_json
from workflows.wire.faults import PER_ATTEMPT, TEXT_MAX, Fault, read, unpacked


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:  # noqa: BLE001
        return caught


def kept(faults: Faults, error: BaseException) -> list[Fault]:
    found = faults.of(error, span="write[0]", what="failed", at=5)
    return unpacked(codec.loads(raw) for raw in found.values())


def test_it_has_its_stack_and_its_cause() -> None:
    error = raised(Failure("provider_refused", "It was refused."), ValueError("status 400: no"))
    [fault] = kept(Faults(3, Mask()), error)
    assert (fault.attempt, fault.number, fault.span, fault.what, fault.at) == (
        3, 0, "write[0]", "failed", 5,
    )  # fmt: skip
    assert "ValueError: status 400: no" in fault.text
    assert __file__ in fault.text


def test_the_spans_above_keep_it_no_second_time() -> None:
    faults, error = Faults(1, Mask()), raised(ValueError("x"))
    assert [len(kept(faults, error)) for _ in range(2)] == [1, 0]
    assert len(kept(Faults(2, Mask()), error)) == 1


def test_secrets_are_masked() -> None:
    [fault] = kept(Faults(1, Mask(["s3cret-value"])), raised(ValueError("key s3cret-value")))
    assert "s3cret" not in fault.text


def test_a_long_one_keeps_its_beginning_and_its_end() -> None:
    [fault] = kept(Faults(1, Mask()), raised(ValueError("é" * TEXT_MAX + "the end")))
    assert len(fault.text.encode()) <= TEXT_MAX
    assert fault.text.startswith("Traceback")
    assert fault.text.rstrip().endswith("the end")


def test_an_attempt_that_fails_for_ever_keeps_the_first() -> None:
    faults = Faults(1, Mask())
    found = [fault for n in range(PER_ATTEMPT + 9) for fault in kept(faults, ValueError(n))]
    assert [fault.number for fault in found] == list(range(PER_ATTEMPT))


def test_half_a_surrogate_does_not_matter() -> None:
    [fault] = kept(Faults(1, Mask()), raised(ValueError("\ud800 x")))
    assert "ValueError" in fault.text


def test_an_error_that_cannot_be_printed_is_kept_all_the_same() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert "Mute" in printed(raised(Mute()))


@pytest.mark.parametrize("way", ["fail", "retrying", "falling_back"])
async def test_whatever_becomes_of_the_step(way: str) -> None:
    desk = Desk()
    frame, error = desk.frame(), raised(ValueError("/srv/flow.py broke"))
    match way:
        case "fail":
            frame.fail(error)
        case "retrying":
            frame.retrying(error, 1, Decision(True, 0.1))
        case _:
            frame.falling_back(error)
    [event] = desk.journal.take(0.0)
    [fault] = unpacked(codec.loads(raw) for raw in event.blobs.values())
    assert "/srv/flow.py" in fault.text
    assert b"/srv/flow.py" not in event.data


@component(secret="password")
async def sign_in(password: str) -> str:
    raise ValueError(f"nobody has {password} in /srv/keys")


@workflow("faulty")
async def faulty(password: str) -> str:
    return await sign_in(password)


async def test_it_lies_beside_the_log_of_its_run(redis_url: str) -> None:
    house = House(redis_url)
    run = house.queue(faulty, "correct horse")
    async with house.executor(faulty) as executor:
        await executor.execute(house.order(run, faulty))
    [fault] = read(house.redis, run)
    assert (fault.attempt, fault.span) == (1, "faulty[0]/sign_in[0]")
    assert "in sign_in" in fault.text
    assert "/srv/keys" in fault.text
    assert "correct horse" not in fault.text
    told = b"".join(dumps(to_json(event)) for event in house.events(run))
    assert b"/srv/keys" not in told
    assert b"Traceback" not in told
