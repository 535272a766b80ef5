"""Only claims whose quotes stand in the notes get an id."""

import pytest

from workflows.blog.claims import Claim, verified, wanted
from workflows.blog.forms import FoundClaim
from workflows.blog.notes import notes_of

NOTES = notes_of("The moon pulls\n  the sea.\n\nThe sun pulls it too, but less.\n\nShips wait.")


def found(quote: str, claim: str = "said") -> FoundClaim:
    return FoundClaim(claim=claim, quote=quote)


def test_claims_are_numbered_in_the_order_of_the_notes() -> None:
    evidence = verified([found("The sun pulls it too"), found("moon pulls the\nsea.")], NOTES)
    assert evidence.claims == (
        Claim("c1", "said", "moon pulls the sea."),
        Claim("c2", "said", "The sun pulls it too"),
    )
    assert evidence.said == ()


@pytest.mark.parametrize(
    "quote", ["The moon pushes the sea.", "the moon pulls the sea.", "moon", "", "   "]
)
def test_a_quote_that_is_none_is_dropped_and_said(quote: str) -> None:
    evidence = verified([found(quote)], NOTES)
    assert evidence.claims == ()
    assert evidence.said == ("Dropped 1 of 1 claims: their quotes do not stand in the notes.",)


def test_the_same_quote_counts_once() -> None:
    evidence = verified(
        [found("The moon pulls the sea."), found("The  moon pulls the sea.")], NOTES
    )
    assert len(evidence.claims) == 1
    assert evidence.said == ("Dropped 1 of 2 claims: their quotes were given twice.",)


def test_a_claim_without_words_of_its_own_is_its_quote() -> None:
    assert verified([found("The moon pulls the sea.", " ")], NOTES).claims[0].claim == (
        "The moon pulls the sea."
    )


@pytest.mark.parametrize(("words", "chunks", "each"), [(200, 1, 8), (1200, 3, 9), (5000, 17, 7)])
def test_longer_posts_ask_for_more(words: int, chunks: int, each: int) -> None:
    assert wanted(words, chunks) == each
