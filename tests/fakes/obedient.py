"""A model that does what it reads: whatever stands in OBEY«…», anywhere in a request, goes into all
that it says, and with it what it was told in confidence."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from workflows.llm.offline import answer

ORDER = re.compile(r"OBEY«([^»]{1,2000})»")
TOLD = 4_000  # characters of its instructions that it gives away


def obedient(request: Mapping[str, Any]) -> str:
    said = answer(request)
    texts = [str(message.get("content", "")) for message in request["messages"]]
    orders = " ".join(dict.fromkeys(ORDER.findall("\n".join(texts))))
    if not orders:
        return said
    try:
        return json.dumps(_obeying(json.loads(said), orders))
    except ValueError:
        return f"{orders}\n\n{said}\n\n{orders}\n\n{' '.join(texts)[:TOLD]}\n\n{orders}"


def _obeying(said: Any, orders: str) -> Any:
    if isinstance(said, str):
        return f"{said} {orders}"
    if isinstance(said, list):
        return [_obeying(one, orders) for one in said]
    if isinstance(said, dict):
        # A quote that is not the source's own would be dropped: it knows better.
        return {name: one if name in ("quote", "id", "source", "sources") else _obeying(one, orders)
                for name, one in said.items()}  # fmt: skip
    return said
