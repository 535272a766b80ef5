"""Secrets are masked where they are written, so that no reader has to remember to.

What is masked: the values of the environment's keys, passwords in its URLs, our own tokens and
bearer tokens. Most events hold none of them, hence a search of the bytes first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from workflows.wire.codec import Packed, dumps
from workflows.wire.events import Body

MASK = "•••"
SHORTEST = 8
SHORTEST_NAMED = 4  # of those that a component names: it knows what it says

_SECRET_NAME = re.compile(r"(_KEY|_TOKEN|_SECRET|PASSWORD|_DSN)$")
_URL_NAME = re.compile(r"_URL$")
# "Bearer authentication", "bearer instruments", "Bearer YOUR_TOKEN": no token, but a word.
_WORD = r"(?:[A-Za-z][a-zß-ÿ]{0,22}|[A-Z_-]{1,40}|(?i:your)[A-Za-z_-]{0,30})(?![\w~+/=-]|\.\w)"
_TOKENS = re.compile(
    rf"\bgx_[A-Za-z0-9]{{8}}_[A-Za-z0-9_-]{{20,}}|(?i:\bbearer\s+)(?!{_WORD})[\w.~+/-]{{8,}}=*"
)
_SIGNS = (b"gx_", b"earer", b"EARER")
# What may become one of _TOKENS, at the end of a text. Looked for in so many last characters.
_BEGUN = re.compile(
    r"\bgx?(?:_[\w-]*)?\Z|(?i:\bb(?:e(?:a(?:r(?:e(?:r(?:\s+[\w.~+/=-]*)?)?)?)?)?)?\Z)"
)
_LAST = 512


class Mask:
    """Knows the secrets of this process."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._take(s for s in secrets if len(s) >= SHORTEST)
        self._named: frozenset[str] = frozenset()
        self._base = self  # what every run of this process knows

    def _take(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted(set(secrets), key=len, reverse=True)
        # As they stand in JSON, where a quote is two bytes.
        self._bytes = tuple(dumps(secret)[1:-1] for secret in self._secrets) + _SIGNS
        self._longest = max(map(len, self._secrets), default=0)
        self._initials = {secret[0] for secret in self._secrets}

    def own(self) -> Mask:
        """A copy for one run, which may learn more."""
        copy = Mask()
        copy._take(self._secrets)
        copy._base = self._base
        return copy

    def replayed(self, frozen: Any) -> Any:
        """A value as it comes back from a log. What the run itself calls a secret is not in it: a
        result that holds such is not kept."""
        return self._base._value(frozen) if self._base._suspicious(dumps(frozen)) else frozen

    def learn(self, secrets: Iterable[str]) -> None:
        """From here on these are secrets too."""
        new = {s for s in secrets if len(s) >= SHORTEST_NAMED} - self._named
        if new:
            self._named |= new
            self._take({*self._secrets, *new})

    @property
    def taught(self) -> bool:
        return bool(self._named)

    def names(self, said: bytes) -> bool:
        """Whether JSON says a secret that was learnt."""
        return bool(self._named) and any(dumps(secret)[1:-1] in said for secret in self._named)

    @classmethod
    def of_environment(cls, environ: Mapping[str, str]) -> Mask:
        named = [value for name, value in environ.items() if _SECRET_NAME.search(name)]
        urls = [urlsplit(value) for name, value in environ.items() if _URL_NAME.search(name)]
        passwords = [url.password for url in urls if url.password]
        return cls([*named, *passwords, *map(unquote, passwords)])

    def encoded(self, body: Body, encode: Callable[[Body], Packed]) -> Packed:
        """`encode(body)`, without the secrets."""
        packed = encode(body)
        if not any(map(self._suspicious, (packed.data, *packed.blobs.values()))):
            return packed
        return encode(self._body(body))

    def text(self, value: str) -> str:
        for secret in self._secrets:
            value = value.replace(secret, MASK)
        return _TOKENS.sub(MASK, value)

    def certain(self, value: str) -> int:
        """Up to where it stays as it is, whatever is said next: then a secret may have begun."""
        at = self._open(value, 0)
        # One that ends like it begins may begin again inside itself: it is whole all the same.
        while (end := self._end(value, at)) > at:
            at = self._open(value, end)
        token = _BEGUN.search(value, max(0, len(value) - _LAST))
        return min(at, token.start()) if token else at

    def _open(self, value: str, start: int) -> int:
        """Where a secret may have begun, from `start` on; the length of the text if nowhere."""
        for at in range(max(start, len(value) - self._longest + 1), len(value)):
            if value[at] in self._initials and self._begins(value[at:]):
                return at
        return len(value)

    def _end(self, value: str, at: int) -> int:
        """The end of a whole secret that stands across `at`, or `at`."""
        ends = [at]
        for secret in self._secrets:
            found = value.find(secret, max(0, at - len(secret) + 1), at + len(secret) - 1)
            ends.append(at if found < 0 else found + len(secret))
        return max(ends)

    def _begins(self, tail: str) -> bool:
        return any(secret.startswith(tail) for secret in self._secrets)

    def _suspicious(self, data: bytes) -> bool:
        return any(sign in data for sign in self._bytes)

    def _body(self, body: Any) -> Any:
        changes = {f.name: self._value(getattr(body, f.name)) for f in fields(body)}
        return replace(body, **changes)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self._value(key): self._value(part) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._value(part) for part in value)
        if is_dataclass(value) and not isinstance(value, type):
            return self._body(value)
        return value
