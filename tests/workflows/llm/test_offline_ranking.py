"""Words that a text is about weigh more; phrases name what it is about."""

from workflows.llm.offline_prose import Sentence, sentences
from workflows.llm.offline_ranking import Ranking, words

TEXT = """
The spring tide comes with the new moon and surprises the careless sailor.
A sailor who knows the spring tide waits for it in the harbour with patience.
The harbour master writes the times of the spring tide on a black board.
Nobody knows why the board is black, and nobody has ever asked about it.
It is so. Bread is sold in the harbour, too, on all days but the holidays.
"""


def test_function_words_carry_nothing() -> None:
    assert words("The moon and its 12 tides; by-the-way, l'eau") == [
        "moon", "tides", "by-the-way", "l'eau",
    ]  # fmt: skip


def test_what_is_asked_about_comes_first() -> None:
    found = sentences(TEXT)
    assert "Bread" in Ranking(found, "bread and holidays").best_first()[0].text
    assert "spring tide" in Ranking(found, "spring tide").best_first()[0].text


def test_phrases_are_of_several_words_and_repeated_ones_win() -> None:
    found = sentences(TEXT)
    phrases = Ranking(found).phrases(sentence.text for sentence in found)
    assert "spring tide" in phrases[:5]
    assert all(phrase == phrase.strip() for phrase in phrases)


def test_broken_words_and_odd_lengths_are_avoided() -> None:
    whole = Sentence("The harbour master writes the times of tides here.", 0, 0)
    broken = Sentence("The harbour master writes the ti‐ mes of tides here.", 1, 0)
    assert Ranking([whole, broken]).best_first() == [whole, broken]


def test_nothing_has_no_rank() -> None:
    assert Ranking([]).best_first() == []
    assert Ranking([]).phrases([]) == []
