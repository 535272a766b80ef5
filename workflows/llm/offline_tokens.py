"""A text in pieces, as providers bill and stream them; and as numbers that can be compared."""

from __future__ import annotations

import base64
import hashlib
import math
import re
import struct
from collections import Counter

from workflows.llm.offline_ranking import words

DIMENSIONS = 256

_PIECE = re.compile(r"\s{0,64}(?:\w{1,6}|[^\w\s])|\s{1,64}")


def tokens(text: str) -> list[str]:
    """Pieces of a few characters; joined they are the text again."""
    return _PIECE.findall(text)


def embedding(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    """A bag of words, hashed to a unit vector: texts that share words lie close together."""
    vector = [0.0] * dimensions
    for word, count in Counter(words(text)).items():
        digest = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
        vector[(digest >> 1) % dimensions] += (1 + math.log(count)) * (1 if digest & 1 else -1)
    norm = math.sqrt(sum(value * value for value in vector))
    return [value / norm for value in vector] if norm else vector


def packed(vector: list[float]) -> str:
    """As `encoding_format: base64` asks for it: little-endian 32-bit floats."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
