"""Sentences out of real documents: whole, word for word, nothing but prose."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.llm.offline_prose import length, sentences

RFC = """\
Network Working Group                                      A. Nobody
Request for Comments: 0000                              January 1999

   1.  Introduction ............................................ 1
   2.  Framing . . . . . . . . . . . . . . . . . . . . . . . . . 2

1.  Introduction

   This memo describes how two hosts agree on a frame, e.g. over a
   serial line, before anything else is sent.  A host that does not
   answer within the time limit (see Section 2) is taken to be

Nobody                       Informational                      [Page 1]
\f
RFC 0000                        Frames                      January 1999

   absent.

    0                   1                   2                   3
    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
   |                       Frame Number                            |
   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

   o  The frame number MUST rise by one with every frame.

   o  Dr. J. Nobody et al. showed that gaps harm nobody.
"""


def told(text: str) -> list[str]:
    return [sentence.text for sentence in sentences(text)]


def test_an_rfc_without_its_furniture() -> None:
    assert told(RFC) == [
        "This memo describes how two hosts agree on a frame, e.g. over a serial line, before "
        "anything else is sent.",
        "The frame number MUST rise by one with every frame.",
        "Dr. J. Nobody et al. showed that gaps harm nobody.",
    ]


MARKDOWN = """\
# The tide

It comes in twice a day, *as a rule*. Is that so everywhere? No, it certainly is not!

```python
print("This is code and not a sentence at all.")
```

| port | times a day, as a rule |
|------|------------------------|

- Ships wait for it in every port.
2. They sail when the water is high.
"""


def test_markdown_without_its_marks() -> None:
    assert told(MARKDOWN) == [
        "It comes in twice a day, *as a rule*.",
        "No, it certainly is not!",
        "Ships wait for it in every port.",
        "They sail when the water is high.",
    ]


def test_manual_sources_are_read_between_their_macros() -> None:
    roff = ".SH NAME\n.PP\nThe ls command lists what a directory holds.\n.B ls\n"
    assert told(roff) == ["The ls command lists what a directory holds."]


def test_scripts_without_spaces_and_cases() -> None:
    assert told("潮汐是海水在月球引力作用下的涨落。船只等待高潮时才能够离开港口。") == [
        "潮汐是海水在月球引力作用下的涨落。", "船只等待高潮时才能够离开港口。",
    ]  # fmt: skip
    assert len(told("القمر يجذب مياه البحر كل يوم. الشمس تجذبها أيضا لكن بقوة أقل.")) == 2


def test_a_sentence_that_comes_twice_is_one() -> None:
    assert len(told("The moon pulls at the sea. " * 3)) == 1


def test_notes_without_sentences_are_read_by_lines() -> None:
    assert told("- tides rise\n- tides fall\n\n====\n") == ["tides rise", "tides fall"]
    assert told("") == []


def test_items_of_lists_count_where_sentences_are_too_few() -> None:
    text = "The moon pulls at the sea.\n\n * ships that wait for it in ports\n * no\n"
    assert told(text) == ["The moon pulls at the sea."]
    assert [found.text for found in sentences(text, least=10)] == [
        "The moon pulls at the sea.", "ships that wait for it in ports",
    ]  # fmt: skip


def test_length_counts_words_of_all_scripts() -> None:
    assert length("two words") == 2
    assert length("潮汐潮汐") == 3


@pytest.mark.parametrize("name", ["GPL-3", "Apache-2.0", "GFDL-1.3", "CC0-1.0"])
def test_every_sentence_stands_in_its_text(name: str) -> None:
    path = Path("/usr/share/common-licenses", name)
    if not path.exists():
        pytest.skip(f"this machine has no {path}")
    text = path.read_text()
    folded = " ".join(text.split())
    assert [sentence for sentence in told(text) if sentence not in folded] == []
    assert sum(map(length, told(text))) > length(text) * 0.6


PIECES = st.sampled_from(
    ["The moon pulls.", "The sea follows the moon. ", "(e.g. ", "\n", "\n\n", "  ", "a.b ", "! ",
     "o  ", "1.2 ", "|", "....", "“Yes.” ", "word ", "\f", "```\n", "。", "é"]
)  # fmt: skip


@settings(max_examples=200)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_a_sentence_is_always_a_piece_of_the_text(text: str) -> None:
    folded = " ".join(text.split())
    found = sentences(text)
    assert [sentence.place for sentence in found] == list(range(len(found)))
    assert all(" ".join(sentence.text.split()) in folded for sentence in found)


@pytest.mark.parametrize(
    "text",
    ["." * 100_000, "a. " * 60_000, "(" * 100_000, "-" * 100_000, "a" + ")" * 100_000,
     "!a " * 60_000, "x" * 200_000, "\n" * 200_000, ("word " * 3000 + "." * 900) * 10],
)  # fmt: skip
def test_no_text_makes_it_slow(text: str) -> None:
    assert isinstance(sentences(text), list)
