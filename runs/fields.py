"""Columns that hold what models and pages say, whatever it is."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models

from workflows.wire import codec


def plain(text: str) -> str:
    """PostgreSQL refuses NUL in a text, and a model may send one."""
    return text.replace("\x00", "\ufffd")


class PlainText(models.TextField):  # type: ignore[type-arg]
    """Text of any length: a limit in the schema would make one long value block a whole run."""

    def get_prep_value(self, value: Any) -> Any:
        return plain(value) if isinstance(value, str) else super().get_prep_value(value)


class Document(models.TextField):  # type: ignore[type-arg]
    """A JSON value as text: unlike in jsonb, keys keep their order and `\\u0000` is allowed."""

    if TYPE_CHECKING:
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else codec.dumps(value).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return None if value is None else codec.loads(value)

    def to_python(self, value: Any) -> Any:
        return value


def moment(ms: int) -> datetime:
    """The time of an event as a column holds it."""
    return codec.moment(ms)


def millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)
