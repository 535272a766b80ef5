"""What each step asks of a model.

Facts stand on lines `name: value`; whatever comes from the notes, also by way of an earlier answer,
is a source and goes behind the fence.
"""

from __future__ import annotations

from collections.abc import Sequence

from workflows.blog.claims import Claim
from workflows.blog.forms import DESCRIPTION_CHARACTERS, Plan
from workflows.blog.notes import folded
from workflows.blog.outline import Outline, section_count
from workflows.blog.question import Question
from workflows.catalog import Brief

UNSOURCED = "*No source in the notes for this.*"

_EDITOR = "You are the editor of a blog. Answer with JSON only."
_WISH = (
    "On the line `wish` stands what the author wants of this section: it goes before length and "
    "tone, but not before what is said here about citing."
)
_SITE = (
    "The first source also describes the site that it is written for: speak to its audience, in "
    "its tone, unless the author says otherwise."
)
_SHAPES = "Background; How it works; In practice; Limits; Common questions; What comes next"


def plan(brief: Brief, excerpts: str) -> Question:
    instructions = (
        f"{_EDITOR} Plan a post: `angle` is one sentence that says what it will tell its readers, "
        "`questions` are up to six short questions that it should answer."
    )
    told = "\n\n".join(filter(None, [profile(brief), excerpts]))
    if brief.site is not None:
        instructions += f" {_SITE}"
    return Question("plan", instructions, facts(brief), (told,) if told else ())


def claims(brief: Brief, plan: Plan, chunk: str, most: int) -> Question:
    instructions = (
        f"{_EDITOR} Find up to {most} claims in the notes that serve the post. `claim` says it in "
        "your words, `quote` is the passage that it stands on, copied letter by letter from the "
        "notes: one or two whole sentences. Claim nothing that the notes do not say."
    )
    wanted = _lines(facts(brief), questions="; ".join(plan.questions), claims=str(most))
    return Question("claims", instructions, wanted, (chunk,))


def outline(brief: Brief, plan: Plan, found: Sequence[Claim]) -> Question:
    count = section_count(brief.words)
    instructions = (
        f"{_EDITOR} Outline the post: a title and about {count} sections, never under 4 or over 8, "
        "each with a heading of its own. Give every claim's id to exactly one section, the one "
        "where it tells most. Headings say what the section tells."
    )
    wanted = _lines(facts(brief), words=str(brief.words), angle=plan.angle)
    if not found:
        return Question("outline", instructions, _lines(wanted, shapes=_SHAPES), model="large")
    return Question("outline", instructions, wanted, (_quoted(found, told=True),), model="large")


def section(brief: Brief, made: Outline, number: int, material: str) -> Question:
    """The section of this number, from 1."""
    planned = made.sections[number - 1]
    instructions = (
        f"You write one section of a blog post, in Markdown, without its heading: {planned.words} "
        "words, give or take a tenth. The first source is a sheet with the outline and the claims "
        "that are yours; the second is material around them. After each sentence that rests on a "
        "claim cite it by its id, like [c3]. Cite no other id, and tell nothing that belongs to "
        f"another section. If nothing in your text rests on a claim, end with the line {UNSOURCED}"
    )
    wishes = (one.text for one in brief.instructions if one.section == number)
    wish = " ".join(filter(None, [planned.note, *wishes]))
    if wish:
        instructions += f" {_WISH}"
    if brief.site is not None:
        instructions += f" {_SITE}"
    ids = ", ".join(claim.id for claim in planned.claims) or "none"
    wanted = _lines(
        facts(brief),
        section=str(number),
        words=str(planned.words),
        allotted=ids,
        unsourced=UNSOURCED,
        wish=wish,
    )
    sheet = "\n\n".join(filter(None, [_sheet(made, number), profile(brief)]))
    return Question("", instructions, wanted, (sheet, material), model="large")


def edits(brief: Brief, made: Outline, sections: Sequence[str]) -> Question:
    instructions = (
        f"{_EDITOR} The sections of this post were written side by side. Make them one text: "
        "propose edits of openings and transitions, and of what is said twice. Each replaces the "
        "words `find`, which stand exactly once in the section of that number, by `replace`. Keep "
        "every citation such as [c3] where it is. Propose nothing that is not better."
    )
    numbered = "\n\n".join(
        f"Section {number}: {planned.heading}\n\n{text}"
        for number, (planned, text) in enumerate(zip(made.sections, sections, strict=True), 1)
    )
    return Question("edits", instructions, facts(brief), (numbered,), model="large")


def description(brief: Brief, title: str, article: str) -> Question:
    instructions = (
        f"{_EDITOR} `description` tells in one plain sentence what a reader gets from this post: "
        f"at most {DESCRIPTION_CHARACTERS} characters, no Markdown."
    )
    wanted = _lines(facts(brief), characters=str(DESCRIPTION_CHARACTERS))
    return Question("description", instructions, wanted, (f"{title}\n\n{article}",))


def facts(brief: Brief) -> str:
    return _lines(
        "",
        topic=brief.topic,
        audience=brief.audience,
        tone=brief.tone,
        language=brief.language or "that of the topic",
    )


def profile(brief: Brief) -> str:
    """What pages have said of the site, by way of a model: it goes behind the fence as they do."""
    if brief.site is None:
        return ""
    told = {name: getattr(brief.site, name) for name in ("about", "audience", "tone")}
    return _lines(f"The site {folded(brief.site.name)}:", **told)


def _lines(before: str, **named: str) -> str:
    """One line for each fact that there is."""
    lines = (f"{name}: {folded(value)}" for name, value in named.items() if value.strip())
    return "\n".join(filter(None, [before, *lines]))


def _sheet(made: Outline, number: int) -> str:
    own = made.sections[number - 1]
    headings = (f"{n}. {planned.heading}" for n, planned in enumerate(made.sections, start=1))
    parts = [f"title: {made.title}", f"heading: {own.heading}", "The outline:", *headings]
    return "\n".join([*parts, "", "Your claims:", _quoted(own.claims, told=False)])


def _quoted(claims: Sequence[Claim], *, told: bool) -> str:
    """Claims by their quotes; a claim that says it otherwise stands below."""
    lines = []
    for claim in claims:
        lines.append(f"[{claim.id}] {claim.quote}")
        if told and claim.claim.rstrip("…") not in claim.quote:
            lines.append(f"    that is: {claim.claim}")
    return "\n".join(lines)
