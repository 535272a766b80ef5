"""What providers that speak OpenAI's API say in their own way, put into OpenAI's words.

Gemini's compatible endpoint is the pattern: errors in a list, its own names for why an answer
ended, thoughts among the text, JSON in a Markdown fence, and refusals of fields that it does not
know. Nothing is configured: what a provider refuses it is asked for without, and that is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import openai

FINISHES = {"STOP": "stop", "MAX_TOKENS": "length", "TOOL_CALLS": "tool_calls"} | dict.fromkeys(
    ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"), "content_filter"
)
# Of others that speak it: a server that gave up in the middle, in the words of routers, of DeepSeek
# and vLLM, and the end of Mistral's context.
FINISHES |= dict.fromkeys(("insufficient_system_resource", "abort"), "error")
FINISHES["model_length"] = "length"
PLAIN = {"type", "properties", "items", "required", "enum", "description", "anyOf"}
FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL | re.IGNORECASE)
SCHEMA_WORDS = ("schema", "response_format", "additionalproperties", "$ref", "$defs")


def details(body: object) -> Mapping[str, Any]:
    """The error object of a refusal, however it is wrapped."""
    if isinstance(body, list):
        body = body[0] if body else None
    if isinstance(body, Mapping) and isinstance(body.get("error"), Mapping):
        body = body["error"]
    return body if isinstance(body, Mapping) else {}


def translate(choice: Any) -> None:
    """In place: whoever asked reads OpenAI's words. Thoughts are nothing that was said."""
    if (finish := getattr(choice, "finish_reason", None)) in FINISHES:
        choice.finish_reason = FINISHES[finish]
    said = getattr(choice, "delta", None) or getattr(choice, "message", None)
    extra = getattr(said, "extra_content", None)
    google = extra.get("google") if isinstance(extra, Mapping) else None
    if isinstance(google, Mapping) and google.get("thought"):
        said.content = None  # type: ignore[union-attr]


def unfenced(answer: Any, body: Mapping[str, Any]) -> None:
    """In place: JSON that was asked for comes without the fence in which weaker models wrap it."""
    if (body.get("response_format") or {}).get("type") not in ("json_schema", "json_object"):
        return
    for choice in answer.choices:
        content = getattr(choice.message, "content", None)
        if isinstance(content, str) and (found := FENCED.fullmatch(content)):
            choice.message.content = found[1]


@dataclass(slots=True)
class Manners:
    """Of one provider: what it does not take. `schemas`: 0 as they are, 1 plain ones, 2 none."""

    learns: bool = True
    stream_options: bool = True
    schemas: int = 0

    def fit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        fitting = dict(body)
        if not self.stream_options:
            fitting.pop("stream_options", None)
        if self.schemas and _has_schema(body):
            fitting["response_format"] = _plain_format(body["response_format"], self.schemas)
        return fitting

    def after(self, refused: openai.APIStatusError, body: Mapping[str, Any]) -> Manners | None:
        """What to try next; None: it was about something else."""
        why = str(refused.body).lower()
        if not self.learns:
            return None
        if self.stream_options and "stream_options" in why and "stream_options" in body:
            return Manners(stream_options=False, schemas=self.schemas)
        if self.schemas < 2 and _has_schema(body) and any(word in why for word in SCHEMA_WORDS):
            return Manners(stream_options=self.stream_options, schemas=self.schemas + 1)
        return None


def _has_schema(body: Mapping[str, Any]) -> bool:
    return bool((body.get("response_format") or {}).get("type") == "json_schema")


def _plain_format(given: Mapping[str, Any], level: int) -> dict[str, Any]:
    if level > 1:
        return {"type": "json_object"}
    named = given["json_schema"]
    schema = plain(named.get("schema") or {}, named.get("schema") or {})
    return {"type": "json_schema", "json_schema": {"name": named.get("name"), "schema": schema}}


def plain(schema: Any, root: Mapping[str, Any], depth: int = 0) -> Any:
    """The schema with its references written out, and nothing but the oldest keywords."""
    if not isinstance(schema, Mapping) or depth > 20:
        return schema if not isinstance(schema, Mapping) else {}
    if isinstance(ref := schema.get("$ref"), str):
        return plain((root.get("$defs") or {}).get(ref.rpartition("/")[2], {}), root, depth + 1)
    kept = {name: part for name, part in schema.items() if name in PLAIN}
    if "properties" in kept:
        told = kept["properties"].items()
        kept["properties"] = {name: plain(part, root, depth + 1) for name, part in told}
    if "items" in kept:
        kept["items"] = plain(kept["items"], root, depth + 1)
    if "anyOf" in kept:
        kept["anyOf"] = [plain(part, root, depth + 1) for part in kept["anyOf"]]
    return kept
