"""Real texts that nobody wrote for this, and a model that says what a script says."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from workflows.llm.offline import answer
from workflows.llm.offline_wire import Completion

LICENCES = Path("/usr/share/common-licenses")

# What a model is to say to a request: a text, or None to leave it to the offline model.
Script = Callable[["Asked"], str | None]


def licence(name: str) -> str:
    path = LICENCES / name
    if not path.exists():
        pytest.skip(f"this machine has no {path}")
    return path.read_text(encoding="utf-8", errors="replace")[:50_000]


def folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def sentences(markdown: str) -> set[str]:
    """What a reader sees, cut where sentences end."""
    text = re.sub(r"\[c\d+\]", "", markdown)
    pieces = (piece for line in text.splitlines() for piece in re.split(r"(?<=[.!?])\s+", line))
    return {folded(piece.strip("#* ")) for piece in pieces if piece.strip("#* ")}


class Asked:
    """One request as a script sees it."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.texts = [str(message["content"]) for message in request["messages"]]

    @property
    def form(self) -> str:
        """The form to fill in; `section` for a section's text."""
        wanted = self.request.get("response_format")
        return str(wanted["json_schema"]["name"]) if wanted else "section"

    @property
    def section(self) -> int:
        found = re.search(r"^section: (\d+)$", "\n".join(self.texts), re.MULTILINE)
        return int(found[1]) if found else 0

    @property
    def is_repair(self) -> bool:
        return any(message["role"] == "assistant" for message in self.request["messages"])

    def offline(self) -> Any:
        """What the offline model would say, as a value."""
        return json.loads(answer(self.request))


class Model:
    def __init__(self, script: Script) -> None:
        self.asked: list[Asked] = []
        self.transport = httpx2.MockTransport(self._answered)
        self._script = script

    def _answered(self, request: httpx2.Request) -> httpx2.Response:
        asked = Asked(json.loads(request.content))
        self.asked.append(asked)
        said = self._script(asked)
        completion = Completion(asked.request, answer(asked.request) if said is None else said)
        if not asked.request.get("stream"):
            return httpx2.Response(200, content=completion.whole(), headers=JSON)
        body = b"".join(event for event, _ in completion.events())
        return httpx2.Response(200, content=body, headers=EVENTS)

    def forms(self) -> list[str]:
        return [asked.form for asked in self.asked]


JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream"}
