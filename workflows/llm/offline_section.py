"""A passage of an article, made of the material's own sentences.

The claims' sentences come first, with their ids; sentences near the subject fill up to the number
of words that was asked for. They stand in the order of the material, untouched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from workflows.llm.offline_prose import Sentence, is_stopped, length, sentences
from workflows.llm.offline_ranking import Ranking
from workflows.llm.offline_reading import Reading

PARAGRAPH_WORDS = 70
SIGNS = {"shorter": 0.5, "longer": 1.5}


def is_section(reading: Reading) -> bool:
    return "section" in reading.facts and reading.number("words") is not None


def written(reading: Reading) -> str:
    target = _target(reading)
    pool, cited = _pool(reading, target)
    ranking = Ranking(pool, " ".join([reading.asked, *reading.claims.values()]))
    chosen = _chosen(ranking.best_first(), cited, target)
    if not chosen:
        return _bare(reading)
    text = "\n\n".join(_paragraphs(chosen, cited))
    if any(sentence.text in cited for sentence in chosen):
        return text
    return "\n\n".join(filter(None, [text, reading.facts.get("unsourced")]))


def _target(reading: Reading) -> int:
    """In words. Of what an author may wish it understands shorter and longer."""
    words, wish = reading.number("words") or 100, reading.facts.get("wish", "").lower()
    for sign, factor in SIGNS.items():
        if sign in wish:
            return round(words * factor)
    return words


def _bare(reading: Reading) -> str:
    """Without material there is only what was asked."""
    named = dict.fromkeys(reading.facts.get(name, "") for name in ("heading", "topic"))
    subject = ": ".join(filter(None, named))
    return "\n\n".join(filter(None, [f"{subject}.", reading.facts.get("unsourced")]))


def _pool(reading: Reading, target: int) -> tuple[list[Sentence], dict[str, str]]:
    """All sentences at hand, and which claim's id each stands for."""
    cited = {" ".join(quote.split()): id for id, quote in reading.claims.items()}
    found = sentences(reading.material, least=target)
    pool = [s for s in found if _is_free(s, cited) or s.text in cited]
    missing = cited.keys() - {sentence.text for sentence in pool}
    # A claim that the material does not hold opens the passage.
    own = (Sentence(quote, place - len(cited), -1) for place, quote in enumerate(cited))
    return [*(sentence for sentence in own if sentence.text in missing), *pool], cited


def _is_free(sentence: Sentence, cited: Mapping[str, str]) -> bool:
    return not any(quote in sentence.text or sentence.text in quote for quote in cited)


def _chosen(best: Sequence[Sentence], cited: Mapping[str, str], target: int) -> list[Sentence]:
    """Claims first, then the best; never far beyond the target, and close to it at the end."""
    queue = sorted(best, key=lambda sentence: sentence.text not in cited)
    taken: list[Sentence] = []
    total = 0
    for sentence in queue:
        if total + sentence.words <= target * 1.06:
            taken.append(sentence)
            total += sentence.words
        if total >= target * 0.96:
            break
    taken = _closer(taken, total, queue, target) or queue[:1]
    return sorted(taken, key=lambda sentence: sentence.place)


def _closer(
    taken: list[Sentence], total: int, queue: Sequence[Sentence], target: int
) -> list[Sentence]:
    """With one sentence more, where that comes closer to the target than without."""
    left = [sentence for sentence in queue if sentence not in taken]
    if not left:
        return taken
    best = min(left, key=lambda sentence: abs(total + sentence.words - target))
    closer = abs(total + best.words - target) < abs(total - target)
    return [*taken, best] if closer else taken


def _paragraphs(chosen: Iterable[Sentence], cited: Mapping[str, str]) -> Iterator[str]:
    """What ends without a stop, as items of lists do, stands alone: it must not run on."""
    run: list[str] = []
    for sentence in chosen:
        told = _told(sentence, cited)
        if run and not is_stopped(sentence.text):
            yield " ".join(run)
            run = []
        run.append(told)
        if length(" ".join(run)) >= PARAGRAPH_WORDS or not is_stopped(sentence.text):
            yield " ".join(run)
            run = []
    if run:
        yield " ".join(run)


def _told(sentence: Sentence, cited: Mapping[str, str]) -> str:
    id = cited.get(sentence.text)
    return f"{sentence.text} [{id}]" if id else sentence.text
