"""What the offline model takes from a request: the task's lines, the source texts, the schema.

It knows no workflow. It understands three conventions that prompts may follow:

- `name: value` on a line of its own, outside of source texts, states a fact of the task;
- source text stands between `<<<source M>>>` and `<<<end M>>>` with equal markers M;
- a task that names its `section` puts a sheet about it before the material: the first source may
  hold such facts too. Claims stand on lines that open with an id, `[c3] …`, in the first source.

A request without any of it is read whole: all that the user said is material.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_FENCED = re.compile(r"^<<<source (\w{1,64})>>>\n(.*?)\n?^<<<end \1>>>$", re.DOTALL | re.MULTILINE)
_FACT = re.compile(r"^([a-z_]{2,30}): (.+)$", re.MULTILINE)
_CLAIM = re.compile(r"^\[(\w{1,12})\] (.+)$", re.MULTILINE)
_NUMBER = re.compile(r"\d{1,9}")


@dataclass(frozen=True)
class Reading:
    facts: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, str] = field(default_factory=dict)
    material: str = ""
    said: str = ""
    """What the user said outside of source texts."""
    schema: Mapping[str, Any] | None = None

    def number(self, name: str) -> int | None:
        found = _NUMBER.search(self.facts.get(name, ""))
        return int(found.group()) if found else None

    @property
    def asked(self) -> str:
        """What the answer should be about."""
        return " ".join(
            self.facts.get(name, "") for name in ("heading", "topic", "questions", "wish")
        )


def read(request: Mapping[str, Any]) -> Reading:
    told = list(_texts(request.get("messages") or (), "user"))
    sources = [found.group(2) for text in told for found in _FENCED.finditer(text)]
    said = "\n\n".join(rest for text in told if (rest := _FENCED.sub("", text).strip()))
    facts = dict(_FACT.findall(said))
    sheet = sources.pop(0) if sources and "section" in facts else ""
    return Reading(
        facts={**dict(_FACT.findall(sheet)), **facts},
        claims=dict(_CLAIM.findall(sheet or "".join(sources[:1]))),
        material="\n\n".join(sources) if sources or sheet else said,
        said=said,
        schema=_schema(request.get("response_format")),
    )


def _texts(messages: Iterable[Any], role: str) -> Iterable[str]:
    for message in messages:
        if isinstance(message, Mapping) and message.get("role") == role:
            yield spoken(message.get("content"))


def spoken(content: Any) -> str:
    """A message's text, given whole or in parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping))


def _schema(response_format: Any) -> Mapping[str, Any] | None:
    if not isinstance(response_format, Mapping):
        return None
    if response_format.get("type") == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    named = response_format.get("json_schema")
    schema = named.get("schema") if isinstance(named, Mapping) else None
    return schema if isinstance(schema, Mapping) else None
