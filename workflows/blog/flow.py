"""The blog workflow, from a brief to a post.

pages that the author names → plan → claims, with quotes that stand in notes or pages → outline,
each claim in one section → sections side by side, before the reader's eyes → edits → description.
What a model gets wrong is dropped and said; a step fails only when nothing is left to go on with.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from workflows.blog import article, prompts
from workflows.blog.claims import Claim, Evidence, verified, wanted
from workflows.blog.drafts import Draft, drafted, place
from workflows.blog.edits import edited
from workflows.blog.forms import Claims, Description, Edits, FoundClaim, OutlineForm, Plan
from workflows.blog.material import dealt
from workflows.blog.notes import Notes, Origin, notes_of
from workflows.blog.outline import Outline, fallback, outline_of, plain_headings, section_count
from workflows.blog.pages import pages_of
from workflows.blog.progress import Progress
from workflows.blog.question import MISTAKES, ask
from workflows.blog.review import FINISH, reviewed
from workflows.blog.site import passages
from workflows.catalog import Brief, Post, Section
from workflows.engine import Failure, gather, log, publish, signals, status, workflow

AT_ONCE = 8
EXCERPT_CHARACTERS = 6000
ARTICLE_CHARACTERS = 12_000
CARD_BYTES = 28_000
PAGE_CHARACTERS = 60_000


@workflow("blog", version=1)
async def write_blog(brief: Brief) -> Post:
    """Research, outline and write a post from the author's notes."""
    refuse_what_is_missing(brief)
    notes = await gathered(brief)
    chunks = notes.chunks()
    progress = Progress(len(chunks), section_count(brief.words))
    plan = await planned(brief, chunks, progress)
    claims = await researched(brief, plan, notes, chunks, progress)
    outline = await outlined(brief, plan, claims, progress)
    if brief.review_outline:
        outline = await looked_over(brief, outline, progress)
    drafts = await written(brief, outline, notes, progress)
    texts = await stitched(brief, outline, drafts, progress)
    summary = await described(brief, outline, texts, progress)
    sections = [
        Section(planned.heading, text)
        for planned, text in zip(outline.sections, texts, strict=True)
    ]
    return article.post(outline.title, sections, claims, notes, summary)


def refuse_what_is_missing(brief: Brief) -> None:
    """Better no post than one that silently leaves out what it was to be made of."""
    if brief.site_id and brief.site is None:
        raise Failure("invalid_input", "The site that it was to be written from is missing.")


async def gathered(brief: Brief) -> Notes:
    """The author's notes, the pages that the author names, and passages of the author's site."""
    if brief.urls:
        status(f"Reading {len(brief.urls)} pages" if len(brief.urls) > 1 else "Reading a page")
    of_site = list(passages(brief.site))
    pages = await pages_of(brief.urls, required=not (brief.notes.strip() or of_site))
    said = [(Origin(page.url, page.title), page.text[:PAGE_CHARACTERS]) for page in pages]
    return notes_of(brief.notes, [*said, *of_site])


async def planned(brief: Brief, chunks: Sequence[str], progress: Progress) -> Plan:
    progress.begin("Planning the post")
    share = EXCERPT_CHARACTERS // max(1, len(chunks))
    excerpts = "\n\n".join(chunk[:share] for chunk in chunks)
    try:
        plan = await ask(prompts.plan(brief, excerpts), Plan, "Plan the post")
    except Failure as failure:
        forgive(failure, "Going on without a plan.")
        plan = Plan(angle="", questions=[])
    progress.finish()
    return plan


async def researched(
    brief: Brief, plan: Plan, notes: Notes, chunks: Sequence[str], progress: Progress
) -> tuple[Claim, ...]:
    if not chunks:
        return ()
    progress.begin("Reading the notes")
    most = wanted(brief.words, len(chunks))
    parts = [f"Read part {n} of {len(chunks)} of the notes" for n in range(1, len(chunks) + 1)]
    labels = parts if len(parts) > 1 else ["Read the notes"]
    reading = (
        found_in(brief, plan, chunk, most, label, progress)
        for chunk, label in zip(chunks, labels, strict=True)
    )
    found = await gather(reading, limit=AT_ONCE)
    evidence = verified((claim for claims in found for claim in claims), notes)
    report(evidence, notes)
    return evidence.claims


async def found_in(
    brief: Brief, plan: Plan, chunk: str, most: int, label: str, progress: Progress
) -> list[FoundClaim]:
    if signals().received(FINISH):
        return []
    try:
        claims = (await ask(prompts.claims(brief, plan, chunk, most), Claims, label)).claims
    except Failure as failure:
        forgive(failure, "Going on without the claims of one part of the notes.")
        claims = []
    progress.finish()
    return claims[:most]


def report(evidence: Evidence, notes: Notes) -> None:
    for said in evidence.said:
        log(said, level="warning")
    if not evidence.claims:
        log("No claim of the notes could be verified: the post cites none.", level="warning")
    publish("claims", cards(evidence.claims, notes))


def cards(claims: Sequence[Claim], notes: Notes) -> list[dict[str, str]]:
    """The claims for the page, as many as one event may carry."""
    shown, room = [], CARD_BYTES
    for claim in claims:
        card = {"id": claim.id, "claim": claim.claim, "quote": article.clipped(claim.quote, 300)}
        if (origin := notes.origin_of(claim.quote)) is not None:
            card |= {"url": origin.url, "title": origin.title}
        room -= len(json.dumps(card).encode())
        if room < 0:
            break
        shown.append(card)
    return shown


async def outlined(
    brief: Brief, plan: Plan, claims: Sequence[Claim], progress: Progress
) -> Outline:
    progress.begin("Making the outline")
    try:
        form = await ask(prompts.outline(brief, plan, claims), OutlineForm, "Make the outline")
        outline = outline_of(form, claims, brief.words)
    except Failure as failure:
        headings = plain_headings(claims, plan.questions, brief.words)
        if not headings:
            raise
        forgive(failure, "Going on with a plain outline.")
        outline = fallback(article.clipped(brief.topic, 120), headings, claims, brief.words)
    for said in outline.said:
        log(said, level="warning")
    show(outline)
    progress.finish()
    return outline


async def looked_over(brief: Brief, outline: Outline, progress: Progress) -> Outline:
    progress.begin("Waiting for a look at the outline")
    shaped = await reviewed(outline, brief.words)
    if shaped is not outline:
        show(shaped)
    return shaped


def show(outline: Outline) -> None:
    """Headings and lengths, so that the page has its places before any text comes."""
    sections = [{"heading": one.heading, "words": one.words} for one in outline.sections]
    publish("outline", {"title": outline.title, "sections": sections})


async def written(brief: Brief, outline: Outline, notes: Notes, progress: Progress) -> list[Draft]:
    count = len(outline.sections)
    progress.begin(f"Writing {count} sections", sections=count, expected=section_count(brief.words))
    material = dealt(notes, outline.sections)

    async def one(number: int) -> Draft:
        question = prompts.section(brief, outline, number, material[number - 1])
        draft = await drafted(question, outline.sections[number - 1], number)
        progress.finish()
        return draft

    drafts = await gather([one(number) for number in range(1, count + 1)], limit=AT_ONCE)
    lost = [draft.failure for draft in drafts if draft.failure is not None]
    if len(lost) == count:
        raise lost[0]
    return drafts


async def stitched(
    brief: Brief, outline: Outline, drafts: Sequence[Draft], progress: Progress
) -> list[str]:
    progress.begin("Smoothing the transitions")
    texts = [draft.markdown for draft in drafts]
    if signals().received(FINISH):
        return texts
    try:
        question = prompts.edits(brief, outline, texts)
        proposed = (await ask(question, Edits, "Smooth the transitions")).edits
    except Failure as failure:
        forgive(failure, "Leaving the sections as they are.")
        proposed = []
    result = edited(texts, proposed)
    if result.refused:
        log(f"Refused {result.refused} of {len(proposed)} edits: they changed too much.")
    changed = [n for n, text in enumerate(result.sections) if text != texts[n]]
    await gather(
        [
            place.label(f"Smoothed: {outline.sections[n].heading}")(
                f"section-{n + 1}", result.sections[n]
            )
            for n in changed
        ]
    )
    progress.finish()
    return list(result.sections)


async def described(
    brief: Brief, outline: Outline, texts: Sequence[str], progress: Progress
) -> str:
    progress.begin("Writing the description")
    share = ARTICLE_CHARACTERS // len(texts)
    told = "\n\n".join(article.plain(text)[:share] for text in texts)
    try:
        question = prompts.description(brief, outline.title, told)
        summary = (await ask(question, Description, "Write the description")).description
    except Failure as failure:
        forgive(failure, "The description is the post's first sentence.")
        summary = article.opening(texts)
    progress.finish()
    return summary


def forgive(failure: Failure, consequence: str) -> None:
    """Go on after a model's mistake; a provider that is away is no mistake."""
    if failure.type not in MISTAKES:
        raise failure
    log(f"{failure.message} {consequence}", level="warning")
