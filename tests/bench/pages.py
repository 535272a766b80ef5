"""The lists that a person opens most, signed in, with a thousand posts.

The floor is the page that says that there is nothing: asked by the same person through the same
middleware, and drawn from a template, but without a question to SQL.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import httpx2

from tests.bench.appends import took_ms
from tests.bench.figure import Figure, p50, p95
from tests.bench.signing_in import Reader
from tests.chaos.stack import stack

PATHS = ("/", "/posts/", "/posts/?page=30", "/runs/", "/runs/?q=harbour")
EMPTY = "/no/such/page/"
TIMES = 60
WARM_UP = 5
FILL = """
from datetime import timedelta
from django.utils import timezone
from gxweb.posts.models import Post, Revision
from runs.models import Run, Span
now, prose = timezone.now(), "Ships wait for the tide in the harbour. " * 250
runs = [
    Run(
        owner_id=USER, workflow="blog", version=1, attempt=1, status="completed", output=[prose],
        input={"topic": f"The harbour, part {n}", "notes": prose},
        created_at=now - timedelta(hours=4 * n + 1), finished_at=now - timedelta(hours=4 * n),
    )
    for n in range(POSTS)
]
Run.objects.bulk_create(runs, batch_size=50)
posts = [
    Post(
        owner_id=USER, run=run, status="ready", title=run.input["topic"], markdown=prose,
        words=2000, description=prose[:150], revision=1, sources=[{"id": "c1", "quote": prose}],
        created_at=run.created_at,
    )
    for run in runs
]
Post.objects.bulk_create(posts, batch_size=50)
Revision.objects.bulk_create(
    [Revision(post=post, number=1, title=post.title, markdown=prose) for post in posts],
    batch_size=50,
)
"""


def main(n: int) -> None:
    """`n`: posts."""
    with (
        tempfile.TemporaryDirectory() as folder,
        stack(Path(folder), workers=0, controls=0, DEBUG="0", SECRET_KEY="x" * 60) as s,
    ):
        reader = Reader.of(s)
        s.manage("shell", "--command", f"USER, POSTS = {reader.user!r}, {n}\n{FILL}")
        with httpx2.Client(base_url=s.url, headers=reader.headers, trust_env=False) as client:
            took = measure(client)
    for path in PATHS:
        name = f"{path} of {n} posts"
        Figure(f"{name}, p50", p50(took[path]), "ms", p50(took[EMPTY]), TIMES).show()
        Figure(f"{name}, p95", p95(took[path]), "ms", p95(took[EMPTY]), TIMES).show()


def measure(client: httpx2.Client) -> dict[str, list[float]]:
    """Milliseconds of each page, the pages in turn: a slow moment of the machine is one for all."""
    took: dict[str, list[float]] = {path: [] for path in (*PATHS, EMPTY)}
    for turn in range(WARM_UP + TIMES):
        for path, times in took.items():
            spent = took_ms(lambda path=path: client.get(path))  # type: ignore[misc]
            times.append(spent) if turn >= WARM_UP else None
    return took
