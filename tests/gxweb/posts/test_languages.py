"""Which language a text is in."""

import pytest

from gxweb.posts.languages import code


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("German", "de"), (" deutsch ", "de"), ("de", "de"), ("de-AT", "de-AT"), ("pt-BR", "pt-BR"),
        ("Brazilian Portuguese", "pt-br"), ("", ""), ("xx", ""), ("like Shakespeare", ""),
        ('de" onclick="', ""), ("de-", ""),
    ],
)  # fmt: skip
def test_names_and_codes(said: str, known: str) -> None:
    assert code(said) == known
