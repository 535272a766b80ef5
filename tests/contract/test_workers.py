"""One contract, two workers: ours, and one that knows nothing but the protocol page."""

from __future__ import annotations

import ast
import io
import os
import signal
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.copying import copy
from tests.workflows.worker.house import ROOT, Yard, wait_for
from workflows.wire import codec, keys, log, pulse
from workflows.wire.events import RunCancelled, SpanCompleted
from workflows.wire.orders import queue
from workflows.wire.script import run_script

pytestmark = pytest.mark.contract
PLAIN = Path(__file__).with_name("plain_worker.py")
SCRIPTS = ROOT / "workflows/wire/scripts"
QUEUE = queue("interactive", "copy", 1)
LINES = ["Water boils.", "Ice melts."]
NO_ORDERS = (b"not json", b"{}", b"[]", b'{"body": "W10="}', b'{"body": 7}')
SLOW = {"lines": LINES, "pause": 30}


class Yards(Yard):
    """A yard whose workers are of one make."""

    make = "ours"

    def command(self) -> list[str]:
        if self.make == "plain":
            return [str(PLAIN), self.url, str(SCRIPTS)]
        return ["-m", "workflows.worker", "--registry", "tests.contract.copying"]

    @contextmanager
    def one(self) -> Iterator[subprocess.Popen[bytes]]:
        """A worker that lives; it is killed in the end."""
        before = {beat.name for beat in pulse.workers(self.redis)}
        clean = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
        env = {**clean, "REDIS_URL": self.url, "GX_LEASE_SECONDS": "2"}
        process = subprocess.Popen([sys.executable, *self.command()], cwd=ROOT, env=env)
        try:
            wait_for(lambda: bool({b.name for b in pulse.workers(self.redis)} - before))
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()

    def begin(self, input: Any) -> str:
        run = self.queue(copy, input)
        self.ring(run, copy)
        return run

    def ended(self, run: str) -> Any:
        self.until(run, lambda state: state.ended)
        return self.state(run)

    def taken_over(self, run: str) -> Any:
        """As the monitor does: a suspect is handed over once a step of it has newly finished."""
        self.ring(run, copy)
        while not self.state(run).ended:
            rung = self.attempts[run]
            wait_for(
                lambda rung=rung: self.state(run).ended or self.let_go(run, rung),  # type: ignore[misc]
                what=lambda: self.told(run),
            )
            if not self.state(run).ended:
                self.ring(run, copy)
        return self.state(run)

    def told(self, run: str) -> str:
        lease, left = self.redis.hgetall(keys.lease(run)), self.redis.llen(QUEUE)
        return f"{lease}, {left} orders left, {[str(event) for event in self.events(run)]}"

    def let_go(self, run: str, attempt: int) -> bool:
        lease = self.redis.hgetall(keys.lease(run))
        return lease.get(b"attempt") == str(attempt).encode() and b"released" in lease

    def speaking(self, run: str, channel: str = "line-0") -> None:
        self.until(run, lambda state: channel in state.channels)

    def kinds(self, run: str) -> list[str]:
        return [event.kind for event in self.events(run)]


@pytest.fixture(params=["ours", "plain"])
def yard(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> Iterator[Yards]:
    made = Yards(redis_url, tmp_path)
    made.make = request.param
    yield made
    made.redis.close()


def test_a_run_is_taken_up_told_and_ended(yard: Yards) -> None:
    with yard.one():
        state = yard.ended(run := yard.begin({"lines": LINES, "pause": 0}))
    assert (state.status, state.output) == ("completed", LINES)
    texts = {name: channel.text for name, channel in state.channels.items()}
    assert texts == {"line-0": LINES[0], "line-1": LINES[1]}
    assert {span.status for span in state.spans.values()} == {"completed"}
    assert set(state.spans) == {"copy[0]", "copy[0]/line[0]", "copy[0]/line[1]"}
    assert dict(state.objects) == {"line": 1}
    ids = [event.id for event in yard.events(run)]
    assert ids == sorted(ids)
    assert yard.kinds(run)[:2] == ["run.queued", "run.started"]
    assert yard.kinds(run)[-1] == "run.completed"


def test_large_values_go_through_blobs(yard: Yards) -> None:
    large = ["a" * 20_000, "b" * 40_000]
    with yard.one():
        state = yard.ended(yard.begin({"lines": large, "pause": 0}))
    assert state.output == large


def test_an_input_that_does_not_fit_fails_as_such(yard: Yards) -> None:
    with yard.one():
        state = yard.ended(yard.begin({"odd": 1}))
    assert (state.status, state.error.type) == ("failed", "invalid_input")


def test_a_lease_is_renewed_and_the_pulse_beats(yard: Yards) -> None:
    with yard.one():
        run = yard.begin(SLOW)
        yard.speaking(run)
        lease = keys.lease(run)
        first = int(yard.redis.hget(lease, "until") or 0)
        wait_for(lambda: int(yard.redis.hget(lease, "until") or 0) > first)
        assert QUEUE in pulse.served(pulse.alive(yard.redis))


def test_a_cancelled_run_is_left_alone_and_the_worker_goes_on(yard: Yards) -> None:
    with yard.one():
        run = yard.begin({"lines": LINES, "pause": 0.5})
        yard.speaking(run)
        cancel(yard, run)
        told = yard.kinds(run)
        assert yard.ended(yard.begin({"lines": LINES, "pause": 0})).output == LINES
    assert yard.kinds(run) == told
    assert told[-1] == "run.cancelled"


def test_another_worker_goes_on_where_one_was_killed(yard: Yards) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(yard.one())
        run = yard.begin({"lines": LINES, "pause": 0.5})
        yard.speaking(run, "line-1")
        first.kill()
        stack.enter_context(yard.one())
        state = yard.taken_over(run)
    assert (state.status, state.output) == ("completed", LINES)
    finished = [e.span for e in yard.events(run) if isinstance(e.body, SpanCompleted)]
    assert sorted(map(str, finished)) == ["copy[0]", "copy[0]/line[0]", "copy[0]/line[1]"]
    assert state.channels["line-1"].text == LINES[1]
    started = [event.body for event in yard.events(run) if event.kind == "run.started"]
    told: list[Any] = [(body.reason, body.taken_over) for body in started[:2]]  # type: ignore[union-attr]
    assert told == [("first", 0), ("crashed", 1)]


def test_one_that_stood_still_writes_nothing_any_more(yard: Yards) -> None:
    with yard.one() as first:
        run = yard.begin({"lines": LINES, "pause": 0.5})
        yard.speaking(run)
        first.send_signal(signal.SIGSTOP)
        with yard.one():
            assert yard.taken_over(run).output == LINES
            told = [str(event.id) for event in yard.events(run)]
            first.send_signal(signal.SIGCONT)
        # It is alive and free again, which it would not be if it held on to the run.
        assert yard.ended(yard.begin({"lines": LINES, "pause": 0})).output == LINES
        assert [str(event.id) for event in yard.events(run)] == told


def test_what_is_no_order_is_forgotten(yard: Yards) -> None:
    with yard.one():
        if yard.make == "plain":  # what lies in Celery's own queue is Celery's to read
            yard.redis.lpush(QUEUE, *NO_ORDERS)
        late = yard.order(run := yard.queue(copy, {"lines": LINES, "pause": 0}), copy)
        unknown = {**late.to_dict(), "run": str(uuid4())}
        yard.compute.submit(type(late)(**unknown), "interactive")
        yard.compute.submit(type(late)(**{**late.to_dict(), "redis_run_id": "x"}), "interactive")
        yard.compute.submit(late, "interactive")
        yard.compute.submit(late, "interactive")
        assert yard.ended(run).output == LINES
    assert yard.kinds(run).count("run.started") == 1


def test_the_other_worker_is_small_and_knows_nothing_of_ours() -> None:
    source = PLAIN.read_text()
    tree = ast.parse(source)
    imports = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert imports - set(sys.stdlib_module_names) == {"redis"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
    assert len(lines_of_code(source, tree)) <= 80


def lines_of_code(source: str, tree: ast.Module) -> set[int]:
    """Without comments, empty lines and what documents."""
    quiet = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in quiet and token.type != tokenize.ENDMARKER:
            found.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            found -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return found


def cancel(yard: Yards, run: str) -> None:
    """As the API plane does."""
    order = yard.order(run, copy)
    entry = codec.encode(RunCancelled("owner", ""), at=1)
    call = log.open_call(
        run, [entry], attempt=order.attempt, nonce="cancel", redis_run_id=order.redis_run_id,
        worker="", lease_ms=0,
    )  # fmt: skip
    assert run_script(yard.redis, call).ok
