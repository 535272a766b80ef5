"""Which sentences matter, and which phrases name them: word counts, no learning.

A word weighs more the more often a text says it and the fewer of its sentences it stands in. What
is in a fifth of all sentences carries nothing, in whatever language: so it is a stop word.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from workflows.llm.offline_prose import Sentence

_WORD = re.compile(r"[^\W\d_](?:[\w'’-]{0,38}[^\W_])?")
_BROKEN = re.compile(r"\w[‐-] \w")
_PHRASE_BREAK = re.compile(r"[^\w\s'’-]+|\d+")
# English function words, for texts too short to show their own.
_ENGLISH = """
    a about above after all also although an and any are as at be because been before being below
    between both but by can cannot could did do does doing done down each either else even ever
    every few for from further had has have having he her here hers him his how however i if in
    into is it its itself just like made make makes many may me might more most much must my
    neither no nor not now of off often on once one only onto or other others our out over own per
    same shall she should since so some such than that the their them then there these they this
    those though through thus to together too two under unless until up upon us use used uses
    using very via was we were what when where whether which while who whom whose why will with
    within without would yet you your
"""
_COMMON = frozenset(_ENGLISH.split())


def words(text: str) -> list[str]:
    """The words that could carry a meaning, folded."""
    return [word for word in map(str.casefold, _WORD.findall(text)) if _carries(word)]


def _carries(word: str) -> bool:
    return word not in _COMMON and (len(word) > 2 or not word.isascii())


@dataclass(frozen=True)
class Ranking:
    """The weights of one text's words, turned towards what is asked about."""

    sentences: Sequence[Sentence]
    asked: str = ""

    @cached_property
    def _words(self) -> dict[int, list[str]]:
        return {sentence.place: words(sentence.text) for sentence in self.sentences}

    @cached_property
    def _spread(self) -> Counter[str]:
        """In how many sentences a word stands."""
        return Counter(word for inside in self._words.values() for word in set(inside))

    @cached_property
    def weights(self) -> dict[str, float]:
        total = len(self.sentences)
        said = Counter(word for inside in self._words.values() for word in inside)
        return {
            word: (1 + math.log(said[word])) * math.log(1 + total / spread)
            for word, spread in self._spread.items()
            if total < 10 or spread <= total / 5
        }

    @cached_property
    def _wanted(self) -> frozenset[str]:
        return frozenset(words(self.asked))

    def score(self, sentence: Sentence) -> float:
        """How much it says for its length; what is asked about counts threefold."""
        inside = set(self._words[sentence.place])
        weight = sum(
            self.weights.get(word, 0.0) * (3.0 if word in self._wanted else 1.0) for word in inside
        )
        return weight / math.sqrt(len(inside) + 8) * _fitness(sentence)

    def best_first(self) -> list[Sentence]:
        return sorted(self.sentences, key=lambda s: (-self.score(s), s.place))

    def phrases(self, among: Iterable[str]) -> list[str]:
        """Names for these texts, best first: runs of two to four words that carry a meaning."""
        found = Counter(phrase for text in among for phrase in _runs(text))
        spelt: dict[str, str] = {}
        for phrase in found:
            spelt.setdefault(phrase.casefold(), phrase)
        return sorted(spelt.values(), key=lambda phrase: (-self._named(phrase, found), phrase))

    def _named(self, phrase: str, found: Counter[str]) -> float:
        inside = words(phrase)
        weight = sum(self.weights.get(word, 0.0) for word in inside) / len(inside)
        return weight * (1 + math.log(found[phrase])) * (0.6, 1.0, 1.15, 1.1)[len(inside) - 1]


def _fitness(sentence: Sentence) -> float:
    """A sentence of eight to forty words reads best, and none with a word broken over lines."""
    whole = 0.5 if _BROKEN.search(sentence.text) else 1.0
    return whole * min(sentence.words / 8, 1.0, 40 / sentence.words)


def _runs(text: str) -> Iterable[str]:
    for part in _PHRASE_BREAK.split(text):
        run: list[str] = []
        for word in [*part.split(), ""]:
            if _WORD.fullmatch(word) and _carries(word.casefold()):
                run.append(word)
                continue
            yield from _windows(run)
            run = []


def _windows(run: list[str]) -> Iterable[str]:
    for size in (1, 2, 3, 4):
        for start in range(len(run) - size + 1):
            yield " ".join(run[start : start + size])
