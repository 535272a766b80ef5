"""What readers of a run are shown of its values: bounded, in plain JSON."""

from __future__ import annotations

from typing import Any

from workflows.engine import values
from workflows.engine.hiding import Names, masked
from workflows.wire.codec import dumps
from workflows.wire.events import Log, Object

OBJECT_BYTES = 32 * 1024
PREVIEW_BYTES = 1024


def shown(body: Object) -> Object | Log:
    """The object in JSON, or why it is not shown."""
    value = values.plain(body.value, fallback=True)
    if (size := len(dumps(value))) <= OBJECT_BYTES:
        return Object(body.label, value)
    return Log("warning", f"{body.label!r} is not shown: {size:,} bytes, and 32 KB is the most.")


def preview(arguments: dict[str, Any], secret: Names = ()) -> str:
    """The beginning of the arguments, for readers of the trace."""
    try:
        said = dumps(masked(arguments, secret))
    except (ValueError, TypeError):
        return ""
    return said[:PREVIEW_BYTES].decode("utf-8", "ignore")
