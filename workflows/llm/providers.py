"""Which providers there are, in the order in which they are asked; read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from workflows.wire.settings import BadSetting

OPENAI_URL = "https://api.openai.com/v1"
GEMINI_URL = "https://generativelanguage.googleapis.com/v1beta/openai/"
OPENAI_MODELS = {
    "small": "gpt-6-luna",
    "large": "gpt-6.1-sol",
    "embedding": "text-embedding-3-small",
}
GEMINI_MODELS = {
    "small": "gemini-3.5-flash-lite",
    "large": "gemini-3.8-flash",
    "embedding": "gemini-embedding-2",
}
OFFLINE_MODELS = {"small": "offline", "large": "offline", "embedding": "offline"}
NO_KEY = "none"
TITLES = {"openai": "OpenAI", "gemini": "Gemini", "offline": "The offline model"}


@dataclass(frozen=True, slots=True)
class Provider:
    """Where calls go. `models` maps our aliases to the provider's names; rpm, tpm: requests and
    tokens a minute, `concurrent`: calls at once, of each model. None: nobody has told."""

    name: str
    base_url: str
    key: str = field(repr=False)
    models: Mapping[str, str]
    rpm: int | None = None
    tpm: int | None = None
    concurrent: int | None = None

    @property
    def title(self) -> str:
        """The name as sentences have it."""
        return TITLES.get(self.name, self.name)

    @property
    def offline(self) -> bool:
        return self.name == "offline"

    @property
    def compatible_only(self) -> bool:
        """Gemini has chat and embeddings of OpenAI's API, and no more of it."""
        return urlsplit(self.base_url).hostname == urlsplit(GEMINI_URL).hostname

    def model(self, asked: str) -> str:
        """An alias becomes the provider's own name; any other name is left as it is."""
        return self.models.get(asked, asked)

    def knows(self, asked: str) -> bool:
        """Whether this is one of its aliases or of its models."""
        return asked in self.models or asked in self.models.values()


# The address is never connected to: the offline model answers inside the process.
OFFLINE = Provider("offline", "http://offline.invalid/v1", NO_KEY, OFFLINE_MODELS)


def chain(environ: Mapping[str, str]) -> tuple[Provider, ...]:
    """All configured providers, first choice first; never empty. Raises BadSetting."""
    if raw := environ.get("GX_PROVIDERS", "").strip():
        return _written_down(raw, environ)
    found: list[Provider] = []
    if key := environ.get("OPENAI_API_KEY", "").strip():
        url = environ.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL
        if not url.startswith(("http://", "https://")):
            raise BadSetting("OPENAI_BASE_URL", "must begin with http:// or https://")
        found.append(Provider("openai", url, key, OPENAI_MODELS))
    if key := environ.get("GEMINI_API_KEY", "").strip():
        found.append(Provider("gemini", GEMINI_URL, key, GEMINI_MODELS))
    return tuple(found) or (OFFLINE,)


def models(environ: Mapping[str, str]) -> str:
    """Which models answer, in words. Raises BadSetting."""
    told = (f"{p.name} {sorted(p.models.items())}" for p in chain(environ))
    return "; ".join(told)


class _Models(BaseModel):
    model_config = ConfigDict(extra="forbid")

    small: Annotated[str, Field(min_length=1)]
    large: Annotated[str, Field(min_length=1)]
    embedding: Annotated[str, Field(min_length=1)] | None = None


class _Entry(BaseModel):
    """One object of GX_PROVIDERS. Without `key_env` the provider wants no key."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=40)]
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    key_env: str | None = None
    models: _Models
    rpm: Annotated[int, Field(gt=0)] | None = None
    tpm: Annotated[int, Field(gt=0)] | None = None
    concurrent: Annotated[int, Field(gt=0)] | None = None


_ENTRIES = TypeAdapter(Annotated[list[_Entry], Field(min_length=1)])


def _written_down(raw: str, environ: Mapping[str, str]) -> tuple[Provider, ...]:
    try:
        entries = _ENTRIES.validate_json(raw)
    except ValidationError as error:
        raise BadSetting("GX_PROVIDERS", _first_complaint(error)) from None
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        raise BadSetting("GX_PROVIDERS", "two providers have the same name")
    if "offline" in names:
        raise BadSetting("GX_PROVIDERS", "the name 'offline' belongs to the model built in")
    return tuple(_provider(entry, environ) for entry in entries)


def _provider(entry: _Entry, environ: Mapping[str, str]) -> Provider:
    key = environ.get(entry.key_env, "").strip() if entry.key_env else NO_KEY
    if not key:
        why = f"the key of {entry.name!r} should be in {entry.key_env}, which is not set"
        raise BadSetting("GX_PROVIDERS", why)
    models = entry.models.model_dump(exclude_none=True)
    limits = (entry.rpm, entry.tpm, entry.concurrent)
    return Provider(entry.name, entry.base_url, key, models, *limits)


def _first_complaint(error: ValidationError) -> str:
    """Where and why, but never the value: somebody may have put a key there."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]
