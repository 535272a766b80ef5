"""For people who write workflows: a provider that says what it is told, a clock that runs ahead,
a worker that dies at a named event, and today's code held against a log of yesterday.

    async def test_nothing_is_paid_twice(redis_url):
        with scripted("One.", "Two.") as provider:
            state = await Stage(redis_url).run(digest, paper, crash_at("span.completed", 1))
        assert state.output.said == ["One.", "Two."]
        assert len(provider.requests) == 2
"""

from workflows.testing.clock import fast_clock
from workflows.testing.crash import Crash, crash_at
from workflows.testing.provider import Refusal, Script, scripted
from workflows.testing.stage import Stage
from workflows.testing.stored import done_anew, stored

__all__ = [
    "Crash", "Refusal", "Script", "Stage", "crash_at", "done_anew", "fast_clock", "scripted",
    "stored",
]  # fmt: skip
