"""What a component names as secret is told to nobody, and still tells its calls apart."""

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from tests.workflows.engine.house import House
from tests.workflows.engine.test_replay import finished, killed
from workflows.engine import Failure, component, current, log, publish, text, workflow
from workflows.engine.hiding import masked, seal, sealed, told
from workflows.engine.masking import MASK, Mask
from workflows.engine.values import freeze
from workflows.wire import keys
from workflows.worker.talk import Discreet

WORD = "hunter2-hunter2"
PIN = "40961"


@dataclass(frozen=True)
class Account:
    name: str
    password: str


class Login(BaseModel):
    name: str
    password: str


class Pair(NamedTuple):
    name: str
    password: str


def everything(house: House, run: str) -> bytes:
    """All that Redis holds of the run."""
    entries = house.redis.xrange(keys.log(run))
    return repr((entries, house.redis.hgetall(keys.blob(run)))).encode()


@pytest.mark.parametrize(
    ("arguments", "names", "shown"),
    [
        ({"n": 1, "p": WORD}, ("p",), {"n": 1, "p": MASK}),
        ({"p": None}, ("p",), {"p": None}),
        ({"a": Account("ann", WORD)}, ("a.password",), {"a": {"name": "ann", "password": MASK}}),
        ({"a": {"password": WORD, "n": 1}}, ("a.password",), {"a": {"password": MASK, "n": 1}}),
        (
            {"a": Login(name="ann", password=WORD)},
            ("a.password",),
            {"a": {"name": "ann", "password": MASK}},
        ),
        # What has no such part is hidden whole.
        ({"a": Pair("ann", WORD)}, ("a.password",), {"a": MASK}),
        ({"a": {1: 2, "$": WORD}}, ("a.password",), {"a": MASK}),
        ({"a": WORD}, ("a.password",), {"a": MASK}),
        ({"n": 1}, ("p",), {"n": 1}),
    ],
)
def test_what_is_hidden_is_not_in_the_preview_nor_in_the_identity(
    arguments: Any, names: Any, shown: Any
) -> None:
    assert masked(arguments, names) == shown
    said = sealed(freeze(arguments), names, "ann")
    assert WORD not in repr(said)
    assert said == sealed(freeze(arguments), names, "ann")


def test_seals_are_equal_for_equal_values_of_one_owner_only() -> None:
    one = {"p": WORD}
    assert sealed(one, ("p",), "ann") != sealed({"p": WORD + "x"}, ("p",), "ann")
    assert sealed(one, ("p",), "ann") != sealed(one, ("p",), "bob")
    began = time.perf_counter()
    for n in range(20):
        seal(b"%d" % n, "slow")
    # Whoever wants to try a billion of them needs months.
    assert (time.perf_counter() - began) / 20 > 0.001


def test_every_text_of_a_secret_is_learnt() -> None:
    given = {
        "a": Account("ann", WORD),
        "list": ["one", b"two", {"x": {"three"}}],
        "pin": 40961,
        "none": None,
    }
    assert sorted(told(given, ("a.password", "list", "pin", "none", "a.nothing", "b"))) == sorted(
        [WORD, "one", "two", "three", PIN]
    )
    assert set(told(given, ("a",))) == {"ann", WORD}


def test_a_misspelt_name_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="no parameter 'pasword'"):

        @component(secret="pasword")
        async def login(password: str) -> None: ...


async def test_it_is_said_nowhere(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    @component(secret=("password", "account.password"), key=lambda password, account: password)
    async def login(password: str, account: Account) -> str:
        for n in range(0, len(password), 4):
            await text("t").write(password[n : n + 4])
        log(f"log {password}")
        publish(f"label {password}", {account.password: [password]})
        scope = current()
        assert scope is not None
        await scope.fence()
        raise ValueError(f"bad {password} and {account.password}")

    @component(secret="password")
    async def fails(password: str) -> str:
        raise Failure("invalid_input", f"{password} is wrong")

    @workflow("logs in")
    async def logs_in(_: Any) -> str:
        for call in (lambda: login(WORD, Account("ann", PIN)), lambda: fails(WORD)):
            try:
                await call()
            except (ValueError, Failure) as error:
                log(f"it said {error!r}")
        return f"the end: {WORD}, {PIN}"

    run = house.queue(logs_in)
    state = await finished(house, logs_in, run)
    assert state.output == f"the end: {MASK}, {MASK}"
    assert state.channels["t"].text == MASK
    assert f'logs in[0]/login["{MASK}"]' in state.spans
    for secret in (WORD, PIN):
        assert secret.encode() not in everything(house, run)
        assert secret not in caplog.text


async def test_calls_that_differ_in_a_secret_alone_are_different_calls(house: House) -> None:
    made: list[str] = []
    stop, stopped = [True], asyncio.Event()

    @component(secret="password")
    async def length(password: str) -> int:
        made.append(password)
        return len(password)

    @workflow("lengths")
    async def lengths(_: Any) -> list[int]:
        words = [WORD, WORD + "x"]
        found = [await length(word) for word in (words if stop else reversed(words))]
        found.append(await length.key(WORD)("abcd"))
        found.append(await length.key(WORD + "x")("abcd"))
        if stop:
            stop.clear()
            stopped.set()
            await asyncio.Event().wait()
        return found

    run = house.queue(lengths)
    await killed(house, lengths, run, stopped.wait)
    state = await finished(house, lengths, run)
    assert state.output == [len(WORD) + 1, len(WORD), 4, 4]
    assert len(made) == 4
    assert len({span.hash for span in state.spans.values()}) == 5


async def test_a_result_that_holds_a_secret_is_not_kept(house: House) -> None:
    @component(secret="password")
    async def echo(password: str) -> str:
        return f"session of {password}"

    @workflow("echoes")
    async def echoes(_: Any) -> int:
        return len(await echo(WORD))

    run = house.queue(echoes)
    state = await finished(house, echoes, run)
    assert state.output == len(f"session of {WORD}")
    assert state.spans["echoes[0]/echo[0]"].output == {"$": "opaque", "class": "secret"}
    assert any("holds a secret" in message for _, _, message in state.logs)


async def test_one_runs_secret_is_nothing_to_another(house: House) -> None:
    @component(secret="password")
    async def login(password: str) -> None: ...

    @workflow("first")
    async def first(_: Any) -> None:
        await login(WORD)

    @workflow("second")
    async def second(_: Any) -> str:
        return WORD

    async with house.executor(first, second) as executor:
        for flow in (first, second):
            run = house.queue(flow)
            await executor.execute(house.order(run, flow))
    assert house.state(run).output == WORD


async def test_what_a_flow_says_to_its_process_is_masked(house: House) -> None:
    @component(secret="password")
    async def login(password: str) -> None: ...

    @workflow("logs in aloud")
    async def logs_in(_: Any) -> str:
        await login(WORD)
        record = logging.LogRecord("flow", logging.INFO, "x", 1, "with %s", (WORD,), None)
        heard.append(Discreet(Mask()).format(record))
        return ""

    heard: list[str] = []
    await finished(house, logs_in, house.queue(logs_in))
    assert len(heard) == 1
    assert heard[0].endswith(f"with {MASK}")
