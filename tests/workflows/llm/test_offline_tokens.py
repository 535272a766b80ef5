"""Pieces that join to the text again, and vectors that can be compared."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.llm.offline_tokens import DIMENSIONS, embedding, packed, tokens


@given(st.text())
def test_tokens_join_to_the_text(text: str) -> None:
    assert "".join(tokens(text)) == text


def test_a_token_is_a_few_letters() -> None:
    assert tokens("Extraordinary, is it?") == ["Extrao", "rdinar", "y", ",", " is", " it", "?"]


def likeness(one: str, other: str) -> float:
    pairs = zip(embedding(one), embedding(other), strict=True)
    return sum(a * b for a, b in pairs)


def test_what_shares_words_is_close() -> None:
    assert likeness("the moon and tides", "tides of the moon") == pytest.approx(1.0)
    assert likeness("moon tides", "moon harbour") > likeness("moon tides", "bread cheese")


def test_vectors_have_their_size_and_length_one() -> None:
    assert len(embedding("moon")) == DIMENSIONS
    assert len(embedding("moon", 7)) == 7
    assert embedding("") == [0.0] * DIMENSIONS


def test_packed_as_floats() -> None:
    assert struct.unpack("<2f", base64.b64decode(packed([0.5, -1.0]))) == (0.5, -1.0)
