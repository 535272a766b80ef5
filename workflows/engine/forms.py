"""The form of a question: a shape in code, a JSON Schema outside, a typed answer back in code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from workflows.engine import shapes
from workflows.engine.values import plain
from workflows.wire.codec import dumps

NONE: Any = object()  # no default: None may be one


class Misfit(ValueError):
    """An answer that is not of the form's shape."""


@dataclass(frozen=True, slots=True)
class Form:
    """`default` is plain JSON; None without one."""

    shape: Any
    default: Any = None
    has_default: bool = False

    @classmethod
    def of(cls, shape: Any, default: Any) -> Form:
        """Raises TypeError for a shape without a schema, and ValueError for a default that is not
        of it."""
        if default is NONE:
            return cls(shape)
        made = cls(shape, plain(default), has_default=True)
        try:
            made.read(made.default)
        except Misfit as error:
            raise ValueError(f"the default does not fit the form: {error}") from error
        return made

    @property
    def name(self) -> str:
        return shapes.name(self.shape) if isinstance(self.shape, type) else str(self.shape)

    @property
    def slug(self) -> str:
        """The key that its answer has when none is given."""
        named = getattr(self.shape, "__name__", "answer")
        return re.sub(r"[^a-z0-9]+", "-", named.lower()).strip("-") or "answer"

    @property
    def schema(self) -> dict[str, Any]:
        return _schema(self.shape)

    def read(self, value: Any) -> Any:
        """The answer, typed. Raises Misfit."""
        try:
            return _adapter(self.shape).validate_json(dumps(value))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "the answer"
            raise Misfit(f"{where}: {first['msg']}") from error


@lru_cache(maxsize=256)
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


@lru_cache(maxsize=256)
def _schema(shape: Any) -> dict[str, Any]:
    return _adapter(shape).json_schema()
