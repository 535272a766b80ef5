"""An answer is whole when a provider says so and something was said."""

from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from tests.workflows.llm.worlds import completion
from workflows.llm.completeness import Tally, counted
from workflows.llm.prices import Tokens


def choice(content: str | None, finish: str | None, **message: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": content, **message}
    return {"index": 0, "message": said, "finish_reason": finish}


def verdict(part: object) -> tuple[str, str] | None:
    tally = Tally()
    tally.add(part)
    failure = tally.verdict("OpenAI")
    return None if failure is None else (failure.type, failure.message)


BROKE_OFF = ("provider_unavailable", "OpenAI broke off before its answer was complete.")
EMPTY = ("invalid_answer", "OpenAI sent an empty answer.")
TOOL = {"tool_calls": [{"id": "1", "type": "function", "function": {"name": "f"}}]}


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ([choice("Yes.", "stop")], None),
        ([choice("Yes.", "end_turn")], None),
        ([choice(None, "tool_calls", **TOOL)], None),
        ([choice("Yes.", None)], BROKE_OFF),
        ([choice("Yes.", "stop"), {**choice("No", None), "index": 1}], BROKE_OFF),
        ([], EMPTY),
        (None, EMPTY),
        ([choice(None, "stop")], EMPTY),
        ([choice(" \n", "stop")], EMPTY),
        (
            [choice("Ye", "length")],
            ("invalid_answer", "OpenAI reached its length limit before its answer was complete."),
        ),
        (
            [choice("", "content_filter")],
            ("content_filtered", "OpenAI withheld its answer by its rules on content."),
        ),
        (
            [choice(None, "stop", refusal="I won't.")],
            ("content_filtered", "OpenAI declined to answer."),
        ),
    ],
)
def test_verdict(choices: Any, expected: tuple[str, str] | None) -> None:
    assert verdict(ChatCompletion.construct(**completion(choices=choices))) == expected


@pytest.mark.parametrize("part", [5, "text", None, {}, []])
def test_nonsense_is_an_empty_answer(part: object) -> None:
    assert verdict(part) == EMPTY


def test_nothing_at_all_is_said_to_be_that() -> None:
    failure = Tally().verdict("OpenAI")
    assert failure is not None
    assert (failure.type, failure.message) == (
        "provider_unavailable",
        "OpenAI ended its answer without saying anything.",
    )


def test_tokens_are_what_the_provider_counted_or_unknown() -> None:
    details = {"cached_tokens": 4, "cache_write_tokens": 3}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": details}
    whole = ChatCompletion.construct(**completion(usage=usage))
    assert counted(whole.usage) == Tokens(9, 2, cached=4, written=3)
    assert counted(None) is None
    assert counted(ChatCompletion.construct(**completion(usage={})).usage) is None
