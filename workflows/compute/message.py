"""An order as the message that Celery's workers take from a list of Redis.

Celery's own way to send one takes more of a start's time than all else that a start does, and a
round trip for each. What a message is has a version of its own (Celery's task message protocol 2,
in the envelope of kombu's virtual transports), and a test holds ours beside what Celery sends.
"""

from __future__ import annotations

import base64
import json
import os
import socket
from typing import Any
from uuid import uuid4

from workflows.wire.orders import Order

TASK = "gx.run"
ORIGIN = f"gen{os.getpid()}@{socket.gethostname()}"
_EMBEDDED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
_HEADERS: dict[str, Any] = {
    "lang": "py",
    "task": TASK,
    "shadow": None,
    "eta": None,
    "expires": None,
    "group": None,
    "group_index": None,
    "retries": 0,
    "timelimit": [None, None],
    "parent_id": None,
    "kwargsrepr": "{}",
    "ignore_result": None,
    "replaced_task_nesting": 0,
    "stamped_headers": None,
    "stamps": {},
}


def message(order: Order, queue: str) -> bytes:
    """What is pushed on the left of `queue`'s list."""
    number, body = str(uuid4()), [[order.to_dict()], {}, _EMBEDDED]
    ours = {"id": number, "root_id": number, "origin": ORIGIN, "argsrepr": repr(body[0])}
    return json.dumps(
        {
            "body": base64.b64encode(json.dumps(body).encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": _HEADERS | ours,
            "properties": _properties(number, queue),
        }
    ).encode()


def _properties(number: str, queue: str) -> dict[str, Any]:
    return {
        "correlation_id": number,
        "reply_to": "",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": str(uuid4()),
    }
