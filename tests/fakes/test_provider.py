"""The fake provider as a process: its wire format, its ledger, its pace."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import Provider
from workflows.llm.offline import answer

ASK = {
    "model": "m",
    "messages": [{"role": "user", "content": "Water boils at a hundred degrees. Ice is cold."}],
}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with Provider(ledger=tmp_path_factory.mktemp("fake") / "ledger") as running:
        yield running


def post(provider: Provider, patience: float = 10, **more: Any) -> bytes:
    body = json.dumps({**ASK, **more}).encode()
    request = urllib.request.Request(f"{provider.url}/chat/completions", data=body)
    with urllib.request.urlopen(request, timeout=patience) as response:
        read: bytes = response.read()
        return read


def test_it_says_what_the_offline_model_says_and_counts_it(provider: Provider) -> None:
    said = json.loads(post(provider))
    assert said["choices"][0]["message"]["content"] == answer(ASK)
    call = provider.wait_for(lambda calls: calls[-1]["status"] is not None)[-1]
    assert {name: call[name] for name in ("status", "model", "schema", "stream", "fault")} == {
        "status": "ok",
        "model": "m",
        "schema": None,
        "stream": False,
        "fault": None,
    }
    assert call["completion_tokens"] == said["usage"]["completion_tokens"]
    assert call["ended_at"] >= call["started_at"]


def test_a_stream_is_the_same_text_in_pieces(provider: Provider) -> None:
    raw = post(provider, stream=True, stream_options={"include_usage": True}).decode()
    events = [line.removeprefix("data: ") for line in raw.split("\n\n") if line]
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    assert text == answer(ASK)
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"]["completion_tokens"] > 0


def test_a_refusal_has_its_status_and_retry_after(provider: Provider) -> None:
    provider.script("429", retry_after="Sat, 21 Nov 2026 12:00:00 GMT")
    with pytest.raises(urllib.error.HTTPError) as refused:
        post(provider)
    assert refused.value.code == 429
    assert refused.value.headers["retry-after"] == "Sat, 21 Nov 2026 12:00:00 GMT"
    refused.value.close()


def test_the_script_can_be_taken_back(provider: Provider) -> None:
    provider.script("500", times="always")
    provider.unscript()
    assert json.loads(post(provider))["object"] == "chat.completion"


def test_the_ledger_is_in_its_file_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with Provider(ledger=path) as own:
        post(own)
        own.wait_for(lambda calls: [call["status"] for call in calls] == ["ok"])
        assert [json.loads(line) for line in path.read_text().splitlines()] == own.ledger()


def test_calls_before_their_end_are_open(provider: Provider) -> None:
    provider.script("stall_before")
    with pytest.raises(TimeoutError):
        post(provider, patience=0.2)
    call = provider.wait_for(lambda calls: calls[-1]["closed"])[-1]
    assert (call["status"], call["fault"]) == ("closed", "stall_before")
