"""What the documentation shows is what happens: each public name has an example, and it runs."""

from __future__ import annotations

import asyncio
import doctest
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workflows import engine

README = Path(__file__).resolve().parents[3] / "README.md"
PUBLIC = {name: getattr(engine, name) for name in engine.__all__}


@dataclass(frozen=True)
class Paper:
    paragraphs: list[str]


@dataclass(frozen=True)
class Digest:
    said: list[str]


def examples(named: object, name: str) -> list[doctest.DocTest]:
    found = doctest.DocTestFinder(recurse=False).find(
        named, name, module=False, globs={"asyncio": asyncio, **PUBLIC}
    )
    return [test for test in found if test.examples]


@pytest.mark.parametrize("name", engine.__all__)
def test_every_public_name_has_an_example_that_runs(name: str) -> None:
    [shown] = examples(PUBLIC[name], name)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    runner.run(shown, out=said.append)
    assert "".join(said) == ""
    assert runner.tries > 0


def test_the_workflow_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY", "GX_PROVIDERS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GX_OFFLINE_TOKENS_PER_SECOND", "0")
    [block] = re.findall(r"(?sm)^   ```python\n(.*?)^   ```", README.read_text())
    names: dict[str, Any] = {"Paper": Paper, "Digest": Digest}
    exec(textwrap.dedent(block), names)
    paper = Paper(["Plants take carbon dioxide from the air.", "A heat pump moves heat."])
    digest = asyncio.run(names["digest"](paper))
    assert isinstance(digest, Digest)
    assert len(digest.said) == 2
    assert all(digest.said)
