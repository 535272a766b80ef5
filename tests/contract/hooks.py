"""What no document can say: bodies that are fine in themselves, and not for this installation."""

from typing import Any

import orjson
import schemathesis


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Nobody waits here to shape an outline, and no site is known."""
    if isinstance(body, dict) and body.get("review_outline") is True:
        body["review_outline"] = False
    if isinstance(body, dict) and isinstance(body.get("site_id"), str):
        body["site_id"] = None
    return body


@schemathesis.deserializer("application/x-ndjson")
def last_line(context: Any, response: Any) -> Any:
    """The document describes one line."""
    return orjson.loads(response.content.splitlines()[-1])
