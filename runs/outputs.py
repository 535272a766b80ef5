"""What a step has given, as plain JSON: in the log it says which types it is made of, too."""

from __future__ import annotations

from typing import Any

TAG = "$"


def plain(output: Any) -> Any:
    """Objects become mappings of their fields, all that is a row of things a list."""
    if isinstance(output, list):
        return [plain(one) for one in output]
    if not isinstance(output, dict):
        return output
    if TAG not in output:
        return {name: plain(one) for name, one in output.items()}
    fields, items = output.get("fields"), output.get("items")
    if isinstance(fields, dict):
        return plain(fields.get("values", fields) if output[TAG] == "model" else fields)
    if isinstance(items, list):
        return _mapping(items) if output[TAG] in ("dict", "OrderedDict") else plain(items)
    return output.get("value")


def _mapping(pairs: list[Any]) -> dict[str, Any]:
    both = (pair for pair in pairs if isinstance(pair, list) and len(pair) == 2)
    return {str(plain(key)): plain(one) for key, one in both}
