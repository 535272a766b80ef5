"""A span's result as its log keeps it, for later attempts and tries: whole, or not at all."""

from __future__ import annotations

from typing import Any

from workflows.engine.masking import Mask
from workflows.engine.values import TAG, freeze, is_opaque
from workflows.wire.codec import OUTPUT_MAX, dumps


def kept(value: Any, mask: Mask) -> tuple[Any, str]:
    """The result frozen, and why it is not kept, in words that follow "the result …"; then it is
    opaque, and its span runs again when it is asked for."""
    frozen = freeze(value)
    if is_opaque(frozen):
        return frozen, "cannot be kept: it would be made again"
    said = dumps(frozen)
    if len(said) > OUTPUT_MAX:
        return _opaque("too large"), f"has {len(said):,} bytes, too many to be kept"
    if mask.names(said):
        return _opaque("secret"), "holds a secret: it is not kept, and would be made again"
    return frozen, ""


def _opaque(why: str) -> dict[str, str]:
    return {TAG: "opaque", "class": why}
