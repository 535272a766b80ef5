"""One of everything, for a browser to look at: runs and posts in every state, as rows and as logs.

Runs in a process of its own, with the settings of the web process that will show it:
`scene.main("plain" or "hostile")` prints a `Scene` as JSON.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gxweb.settings")
import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.tokens import default_token_generator  # noqa: E402
from django.core import signing  # noqa: E402
from django.template.loader import render_to_string  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.encoding import force_bytes  # noqa: E402
from django.utils.http import urlsafe_base64_encode  # noqa: E402
from redis import Redis  # noqa: E402

from gxweb.accounts import address  # noqa: E402
from gxweb.accounts.models import ApiToken, User  # noqa: E402
from gxweb.posts import results, sample  # noqa: E402
from gxweb.posts.models import Post  # noqa: E402
from gxweb.posts.text import Text as PostText  # noqa: E402
from runs.models import LogArchive, Run  # noqa: E402
from tests.e2e.spent import spent  # noqa: E402
from tests.e2e.words import HOSTILE, PLAIN, Words  # noqa: E402
from tests.runs.writer import ROOT, Writer, done, opened, wrote  # noqa: E402
from workflows.wire import log  # noqa: E402
from workflows.wire.events import (  # noqa: E402
    Error,
    Log,
    Object,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunStarted,
    RunWaiting,
    SpanCompleted,
    SpanFailed,
    SpanRetrying,
    SpanStarted,
    Status,
    Text,
)

ERRORS = ("400", "403", "403_csrf", "404", "413", "429", "500", "503")
PASSWORD = "a long enough password"
LIVE = ("queued", "running", "waiting")


@dataclass
class Scene:
    """Ids of runs and posts by what they are; cookies of people; pages that need a reason."""

    owner: str = ""
    newcomer: str = ""
    runs: dict[str, str] = field(default_factory=dict)
    posts: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def main(kind: str) -> None:
    words = {"plain": PLAIN, "hostile": HOSTILE}[kind]
    made, owner = Scene(), person(f"{kind}@example.org")
    made.owner, made.newcomer = session(owner), session(person(f"new-{kind}@example.org"))
    ApiToken.objects.issue(user=owner, name=words.name, scopes=["read", "start"])
    with Redis.from_url(settings.GX.redis_url) as redis:
        for name, make in MAKERS.items():
            run = make(redis, owner, words)
            made.runs[name] = str(run.pk)
            if run.workflow == "blog":
                made.posts[name] = str(results.draft(run).pk)
        if kind == "plain":
            completed(redis, sample.nobody(), words)
    spent(owner)
    made.links = links(owner) | {"shared": shared(made.posts["completed"])}
    made.errors = {
        name: render_to_string(f"{name}.html", {"wait": "20 seconds"}) for name in ERRORS
    }
    print(json.dumps(asdict(made)))


def person(email: str) -> User:
    return User.objects.create_user(email=email, password=PASSWORD)


def session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.cookies["sessionid"].value)


def links(owner: User) -> dict[str, str]:
    """What comes by mail."""
    uid, token = (
        urlsafe_base64_encode(force_bytes(owner.pk)),
        default_token_generator.make_token(owner),
    )
    said = {"user": owner.pk, "from": owner.email, "to": "other@example.org"}
    moved = signing.dumps(said, salt=address.SALT)
    return {
        "reset": reverse("accounts:password_reset_confirm", args=[uid, token]),
        "reset, stale": reverse("accounts:password_reset_confirm", args=[uid, "set-nothing"]),
        "address": reverse("accounts:address_confirm", args=[moved]),
        "address, stale": reverse("accounts:address_confirm", args=["nothing"]),
    }


def shared(post: str) -> str:
    """Under a link for everybody."""
    found = Post.objects.get(pk=post)
    found.share()
    found.refresh_from_db()
    return reverse("posts:shared", args=[found.shared])


# --- Runs ------------------------------------------------------------------------------------


def row(owner: Any, words: Words, status: str, workflow: str = "blog", **more: Any) -> Run:
    ended = {} if status in LIVE else {"finished_at": timezone.now()}
    input = {"topic": words.topic, "notes": words.notes}
    return Run.objects.create(
        owner_id=owner.pk, workflow=workflow, version=1, status=status, input=input,
        progress_message=words.message, progress_done=2, progress_total=5, **ended, **more,
    )  # fmt: skip


def section(number: int) -> str:
    return f"{ROOT}/write_section[{number - 1}]"


def written(redis: Redis, run: Run, words: Words) -> Writer:
    """Two sections done, one in the middle, one not begun."""
    return fill(Writer(redis, str(run.pk)).begin(), words)


def fill(said: Writer, words: Words) -> Writer:
    outline = [{"heading": heading} for heading in words.headings]
    claims = [{"id": f"c{n}", "quote": q, "title": words.name, "url": q}
              for n, q in enumerate(words.quotes, start=1)]  # fmt: skip
    said.say((ROOT, Object("outline", outline)), (ROOT, Object("claims", claims)))
    said.say((ROOT, Status(words.message, 2, 5)), (ROOT, Log("warning", words.message)))
    for number in (1, 2, 3):
        preview = SpanStarted("write_section", section(number), label=words.label, parent=ROOT,
                              input_preview=words.notes[:400])  # fmt: skip
        said.say((section(number), preview))
        pieces(said, number, words.text if number < 3 else words.text[: len(words.text) // 2])
    for number in range(30):
        said.say(opened(f"{ROOT}/read[{number}]"), done(f"{ROOT}/read[{number}]"))
    for number in (1, 2):
        said.say((section(number), SpanCompleted(words.text, 1200.0, tries=number)))
    return said


def pieces(said: Writer, number: int, text: str) -> None:
    """The second section comes a few characters at a time."""
    step = 9 if number == 2 else len(text)
    channel, path = f"section-{number}", section(number)
    batch = [wrote(path, channel, at, text[at : at + step]) for at in range(0, len(text), step)]
    for at in range(0, len(batch), 100):
        said.say(*batch[at : at + 100])


def queued(redis: Redis, owner: Any, words: Words) -> Run:
    run = row(owner, words, "queued")
    Writer(redis, str(run.pk)).queue()
    return run


def running(redis: Redis, owner: Any, words: Words) -> Run:
    run = row(owner, words, "running")
    said = written(redis, run, words)
    failure = Error("rate_limited", words.error, retryable=True)
    said.say(opened(section(4)), (section(4), SpanRetrying(2, 6, 8.0, failure, "fake")))
    return run


def taken_up(redis: Redis, owner: Any, words: Words) -> Run:
    """By another worker: the third section is about to be replaced."""
    run = row(owner, words, "running")
    written(redis, run, words).start(2, RunStarted("w2", 1, "crashed", taken_over=2))
    return run


def waiting(redis: Redis, owner: Any, words: Words) -> Run:
    """For a person to put an outline in order."""
    entries = [{"heading": one, "note": words.message} for one in words.headings[:4]]
    asked: dict[str, Any] = {
        "key": "outline",
        "title": words.topic,
        "form_schema": schema(words),
        "default": {"headings": entries, "tone": words.label},
        "until": int(timezone.now().timestamp() * 1000) + 3_600_000,
    }
    run = row(owner, words, "waiting", waiting=asked)
    written(redis, run, words).say(RunWaiting(**asked))
    return run


def schema(words: Words) -> dict[str, Any]:
    line = {"type": "string", "title": words.label, "description": words.message}
    entry = {"type": "object", "properties": {"heading": line, "note": line}}
    many = {"type": "array", "title": words.name, "items": entry}
    return {"type": "object", "properties": {"headings": many, "tone": line}}


def digest(redis: Redis, owner: Any, words: Words) -> Run:
    """A workflow that no template knows."""
    run = row(owner, words, "running", workflow="digest")
    said = Writer(redis, str(run.pk)).begin()
    said.say(
        (ROOT, Status(words.message, 2, 5)), (ROOT, Object(words.label, {words.topic: words.text}))
    )
    said.say((ROOT, Text(words.label, 0, words.text)), (ROOT, Log("error", words.error)))
    return run


def failed(redis: Redis, owner: Any, words: Words) -> Run:
    run = row(owner, words, "failed", error_type="internal", error_message=words.error)
    said, failure = written(redis, run, words), Error("internal", words.error)
    said.say((section(3), SpanFailed(failure, 800.0, tries=6)), RunFailed(failure))
    return ended(redis, run)


def stopped(redis: Redis, owner: Any, words: Words) -> Run:
    run = row(owner, words, "cancelled", cancelled_by="owner", cancel_reason=words.message)
    written(redis, run, words).say(RunCancelled("owner", words.message))
    return ended(redis, run)


def stopped_early(redis: Redis, owner: Any, words: Words) -> Run:
    run = row(owner, words, "cancelled", cancelled_by="owner")
    Writer(redis, str(run.pk)).begin().say(RunCancelled("owner"))
    return ended(redis, run)


def completed(redis: Redis, owner: Any, words: Words) -> Run:
    parts = [{"heading": heading, "markdown": words.text} for heading in words.headings]
    whole = "".join(f"\n## {one['heading']}\n\n{one['markdown']}\n" for one in parts)
    sources = [{"id": f"c{n}", "url": q, "title": words.name, "quote": q}
               for n, q in enumerate(words.quotes, start=1)]  # fmt: skip
    output = {
        "title": words.title, "slug": "post", "description": words.description,
        "markdown": f"# {words.title}\n{whole}", "sections": parts, "sources": sources, "words": 90,
    }  # fmt: skip
    run = row(owner, words, "completed", output=output)
    said = written(redis, run, words)
    said.say((section(3), SpanCompleted(words.text, 900.0)), done(ROOT), RunCompleted(output))
    return ended(redis, run)


def edited(redis: Redis, owner: Any, words: Words) -> Run:
    """A finished post that was changed since."""
    run = completed(redis, owner, words)
    post = results.draft(run)
    shorter = post.markdown[len(post.markdown) // 2 :]
    post.edit(PostText(words.title, words.description, f"# {words.title}\n{shorter}"), at=1)
    return run


def ended(redis: Redis, run: Run) -> Run:
    LogArchive.keep(run, log.read(redis, str(run.pk)))
    results.finish(results.draft(run))
    return run


MAKERS = {
    "queued": queued,
    "running": running,
    "taken up": taken_up,
    "waiting": waiting,
    "digest": digest,
    "failed": failed,
    "stopped": stopped,
    "stopped early": stopped_early,
    "completed": completed,
    "edited": edited,
}
