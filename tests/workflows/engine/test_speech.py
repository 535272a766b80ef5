"""Wherever a text is cut into deltas, what is shown is the whole text, masked."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.checker import log_violations
from tests.patience import patience
from tests.workflows.engine.house import House
from workflows.engine import text, workflow
from workflows.engine.masking import MASK, Mask
from workflows.engine.speech import Speech, whole

SECRETS = ["sk-canary-0123456789", "sk-canary-01234567", "k-canary-x", "hunt-hunt"]
TOKEN = "gx_abcdefgh_0123456789012345678901234567890123456789012"
WORDS = st.sampled_from(
    [
        *SECRETS,
        TOKEN,
        "Bearer abcdefgh12",
        "bearer instruments",
        "\U0001f600",
        "\ud83d",
        "s",
        "sk-",
        "gx",
        " ",
        "b",
        "é",
        "hunt-",
    ]
)


def shown(deltas: list[str]) -> str:
    speech = Speech(Mask(SECRETS))
    said = [speech.add("c", delta) for delta in deltas]
    return "".join(said) + "".join(rest for _, rest in speech.rest())


@given(st.lists(WORDS, max_size=8), st.data())
def test_it_does_not_matter_where_it_is_cut(words: list[str], data: st.DataObject) -> None:
    said = " ".join(words)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(said)), max_size=10)))
    deltas = [said[a:b] for a, b in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    assert shown(deltas) == Mask(SECRETS).text(whole(said))


def test_a_secret_that_ends_as_it_begins_is_still_one() -> None:
    assert shown(["hunt", "-hu", "nt"]) == MASK
    assert shown(["hunt", "-hunt-h", "unt"]) == f"{MASK}-hunt"


def test_ordinary_text_is_shown_at_once() -> None:
    speech = Speech(Mask(SECRETS))
    for delta in ["The ", "brown", " fo", "x jumps."]:
        assert speech.add("c", delta) == delta
    assert speech.rest() == []


@pytest.mark.parametrize("hostile", ["gx_-" * 2000, "bearer " * 1000, "s" * 8000, "sk-" * 2500])
def test_no_text_is_slow_to_look_at(hostile: str) -> None:
    speech = Speech(Mask(SECRETS))
    began = time.process_time()
    speech.add("c", hostile)
    assert time.process_time() - began < patience(0.5)


async def test_a_stream_shows_what_the_output_says(house: House) -> None:
    deltas = ["a", "\ud83d", "\ude00", " sk-can", "ary-", "0123456789", " ", "\U0001f600", "\ud83d"]

    @workflow("speaks")
    async def flow(_: Any) -> str:
        for delta in deltas:
            await text("c").write(delta)
        return "".join(deltas)

    run = house.queue(flow)
    async with house.executor(flow, mask=Mask(SECRETS)) as executor:
        await executor.execute(house.order(run, flow))
    state = house.state(run)
    assert log_violations(house.events(run)) == []
    assert state.output == f"a\U0001f600 {MASK} \U0001f600�"
    assert state.channels["c"].text == state.output
