"""Citations are found in all their forms; what was not allotted goes, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.blog.citations import cited, foreign, only, without_citations

PIECES = st.sampled_from([" [c1]", " [c2, c3]", "[c9]", " [c1; c9]", " word", ".", "\n", " [x]"])


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("None.", []),
        ("One. [c1]", ["c1"]),
        ("Two [c1, c2]; again [c1][c12].", ["c1", "c2", "c1", "c12"]),
        ("No: [1], [cc], [c], [c12345], [link](c1).", []),
    ],
)
def test_citations_are_found(text: str, ids: list[str]) -> None:
    assert cited(text) == ids


def test_strangers_are_named_once() -> None:
    assert foreign("a [c1] b [c9, c8] c [c9]", {"c1"}) == ["c9", "c8"]


def test_strangers_are_dropped_with_their_space() -> None:
    assert only("It rises [c9]. It falls [c1, c9]. [c9]", {"c1"}) == "It rises. It falls [c1]."


@given(st.lists(PIECES, max_size=20).map("".join), st.sets(st.sampled_from(["c1", "c2", "c3"])))
def test_only_the_allotted_are_left(text: str, allotted: set[str]) -> None:
    left = only(text, allotted)
    assert foreign(left, allotted) == []
    assert cited(left) == [id for id in cited(text) if id in allotted]
    assert "".join(without_citations(left).split()) == "".join(without_citations(text).split())
