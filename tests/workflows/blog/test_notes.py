"""Notes in paragraphs and chunks: nothing lost, nothing too large, quotes found."""

from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.blog.worlds import licence
from workflows.blog.notes import PARAGRAPH_CHARACTERS, Origin, folded, notes_of

WORDS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12)
BREAKS = st.sampled_from([" ", "  ", "\n", "\n\n", "\n \n", "\f", "\t", "\r\n\r\n"])
TEXTS = st.lists(st.tuples(WORDS, BREAKS), max_size=120).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)


@given(TEXTS)
def test_paragraphs_are_the_text_folded(text: str) -> None:
    assert " ".join(folded(part) for part in notes_of(text).paragraphs).split() == (
        folded(text).split()
    )


@given(TEXTS, st.integers(10, 400))
def test_chunks_are_the_paragraphs_in_their_order(text: str, size: int) -> None:
    notes = notes_of(text)
    joined = "\n\n".join(notes.chunks(size))
    assert joined == "\n\n".join(notes.paragraphs)


@given(st.lists(st.integers(1, 1500), min_size=1, max_size=60), st.integers(1500, 5000))
def test_a_chunk_is_at_most_a_paragraph_too_large(sizes: list[int], size: int) -> None:
    notes = notes_of("\n\n".join("x" * n for n in sizes))
    assert all(
        len(chunk.replace("\n", "")) <= size + PARAGRAPH_CHARACTERS for chunk in notes.chunks(size)
    )
    assert len(notes.chunks(size)) <= -(-sum(sizes) // size)


def test_no_notes_are_no_chunks() -> None:
    assert notes_of(" \n\f ").chunks() == []


def test_200_kilobytes_without_a_space_are_cut() -> None:
    notes = notes_of("x" * 200_000)
    assert max(map(len, notes.paragraphs)) <= PARAGRAPH_CHARACTERS
    assert sum(map(len, notes.paragraphs)) == 200_000


def test_a_long_paragraph_is_cut_at_its_sentences() -> None:
    notes = notes_of("The moon pulls the sea. " * 200)
    assert len(notes.paragraphs) > 1
    assert {part[-1] for part in notes.paragraphs} == {"."}


@given(st.data())
def test_a_piece_of_the_text_is_found_in_its_paragraph(data: st.DataObject) -> None:
    text = data.draw(TEXTS.filter(str.strip))
    words = folded(text).split()
    start = data.draw(st.integers(0, len(words) - 1))
    quote = " ".join(words[start : data.draw(st.integers(start + 1, len(words)))])
    notes = notes_of(text)
    place = notes.paragraph_of(quote)
    assert place is not None
    told = folded(" ".join(notes.paragraphs[place:]))
    assert quote in told


def test_quotes_are_found_across_lines_pages_and_forms_of_letters() -> None:
    notes = notes_of("Le cafe\u0301\n   est\fouvert.\r\n\r\nToujours.")
    assert notes.position(folded("café est ouvert. Toujours.")) is not None
    assert notes.position(folded("cafe est")) is None
    assert notes.position("") is None


def test_a_real_text_keeps_its_words() -> None:
    text = licence("GPL-2")
    assert " ".join("\n\n".join(notes_of(text).chunks()).split()) == folded(text)


def test_a_quote_stands_in_one_source() -> None:
    page = Origin("https://a.example/", "A"), "Silk is cool.\n\nTin is soft."
    notes = notes_of("Salt is dear.\n\nSilk", [page, (None, "Silk is cool. Wool is warm.")])
    assert notes.position("Silk is cool. Tin is soft.") is not None
    assert notes.position("Salt is dear. Silk") == 0
    assert notes.position("Silk Silk is") is None
    assert notes.position("Tin is soft. Silk is cool.") is None
    # Where it stands whole, and not where it only seems to.
    assert notes.paragraph_of("Silk is cool.") == 2
    assert notes.paragraph_of("Silk is cool. Wool") == 4
