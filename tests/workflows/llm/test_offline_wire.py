"""The shapes of the API, checked by hand; test_offline.py lets the real SDK read them."""

import json

import pytest

from workflows.llm.offline_wire import Completion, Refusal, checked, checked_chat, embedded

REQUEST = {"model": "small", "messages": [{"role": "user", "content": "Hello there"}]}


def test_a_whole_answer() -> None:
    body = json.loads(Completion(REQUEST, "Good day.").whole())
    assert body["object"] == "chat.completion"
    assert body["choices"][0]["message"]["content"] == "Good day."
    assert body["choices"][0]["finish_reason"] == "stop"
    assert body["usage"] == {"prompt_tokens": 6, "completion_tokens": 3, "total_tokens": 9}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_that_is_cut(name: str) -> None:
    completion = Completion({**REQUEST, name: 2}, "Good day, sir.")
    assert "".join(completion.pieces) == "Good day"
    assert completion.finish_reason == "length"
    assert completion.usage["completion_tokens"] == 2


def test_events_end_with_done_and_carry_all_tokens() -> None:
    events = list(Completion(REQUEST, "Good day.").events())
    assert events[-1] == (b"data: [DONE]\n\n", 0)
    assert sum(carried for _, carried in events) == 3


def test_the_usage_comes_when_asked_for() -> None:
    asked = {**REQUEST, "stream_options": {"include_usage": True}}
    *_, usage, _ = Completion(asked, "Good day.").events()
    body = json.loads(usage[0].removeprefix(b"data: "))
    assert body["choices"] == []
    assert body["usage"]["total_tokens"] == 9


def test_equal_requests_have_equal_ids() -> None:
    bodies = [json.loads(Completion(REQUEST, "x").whole())["id"] for _ in range(2)]
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    "body",
    [b"", b"no", b"[]", b"{}", b'{"model": 1}', b'{"model": "m"}', b'{"model":"m","messages":[]}',
     b'{"model":"m","messages":[1]}', b'{"model":"m","messages":[{}],"n":2}'],
)  # fmt: skip
def test_bad_requests_are_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        checked_chat(body)
    assert caught.value.status == 400
    assert json.loads(caught.value.body)["error"]["type"] == "invalid_request_error"


def test_embeddings() -> None:
    body = json.loads(embedded(b'{"model":"m","input":["moon","sea"],"dimensions":8}'))
    assert [len(part["embedding"]) for part in body["data"]] == [8, 8]
    assert checked(b'{"model":"m"}') == {"model": "m"}
    with pytest.raises(Refusal):
        embedded(b'{"model":"m","input":[[1,2]]}')
