"""The doors to a live run: an answer to its question, and signals. They lead into its inbox.

Whether it waits is judged by its log. What lies in the inbox is the run's own to read; one that is
parked is rung for at once, and if that fails by the monitor.
"""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError

from runs import connections, history, standing
from runs.doorbell import bell
from runs.lifecycle import Finished, Invalid, Refused, Unavailable
from runs.models import Run
from runs.schema import wrongs
from workflows.catalog import takes
from workflows.wire import codec, inbox, log
from workflows.wire.events import RunSignalled
from workflows.wire.inbox import LETTER_MAX, PARKED, Letter
from workflows.wire.orders import Order
from workflows.wire.questions import HOLD
from workflows.wire.script import Answer, ScriptCall, run_script
from workflows.wire.state import State

logger = logging.getLogger(__name__)

SIGNAL_MAX = 32 * 1024  # bytes of what comes with one


class NotWaiting(Refused):
    """Nobody waits for this answer: not yet, not any more, or somebody else was first. `asked`:
    the key of the question that is open instead."""

    def __init__(self, asked: str = "") -> None:
        super().__init__(asked)
        self.asked = asked


class NotTaken(Refused):
    """The run does not take this signal."""


def answer(run: Run, key: str, value: Any) -> None:
    """Raises NotWaiting, Invalid, Finished or Unavailable."""
    state = _state(run)
    question = state.waiting
    if question is None or question.form_schema is None:
        raise NotWaiting
    if question.key != key:
        raise NotWaiting(question.key)
    _fits(value, LETTER_MAX)
    found = [{"loc": one.loc, "msg": one.msg} for one in wrongs(question.form_schema, value)]
    if found:
        raise Invalid(found)
    asked = state.asked[key].id
    letter = Letter("user", value)
    _deliver(run, inbox.answer_call(str(run.id), asked, letter, nonce=uuid4().hex))


def signal(run: Run, name: str, value: Any = None) -> None:
    """Raises NotTaken, Invalid, Finished or Unavailable."""
    state = _state(run)
    if name == HOLD:
        if state.waiting is None or state.waiting.form_schema is None:
            raise NotTaken
        if state.waiting.until is None:
            return  # nothing counts down
    elif not takes(run.workflow, name):
        raise NotTaken
    _fits(value, SIGNAL_MAX)
    _deliver(run, inbox.signal_call(str(run.id), RunSignalled(uuid4().hex, name, value)))


def _state(run: Run) -> State:
    view = history.view(run)
    if view.state.ended:
        raise Finished
    if not view.live:
        raise Unavailable
    return view.state


def _fits(value: Any, most: int) -> None:
    if len(codec.dumps(value)) > most:
        raise Invalid([{"loc": (), "msg": f"should have at most {most:,} bytes"}])


def _deliver(run: Run, call: ScriptCall) -> None:
    client = connections.redis()
    try:
        said = run_script(client, call).answer
    except RedisError as error:
        raise Unavailable from error
    match said:
        case Answer.OK:
            _ring(client, run)
        case Answer.TAKEN:
            raise NotWaiting
        case Answer.FULL:
            raise NotTaken
        case Answer.ENDED:
            raise Finished
        case _:
            raise Unavailable


def _ring(client: Redis, run: Run) -> None:
    """It is due now in any case; but the monitor looks only four times a second."""
    try:
        server = log.redis_run_id(client)
        stands = standing.look(client, [run])[0]
        parked = stands.lease is not None and stands.lease.released == PARKED
        if not (parked and stands.whole and not stands.terminal):
            return
        if run.take_attempt(above=stands.tip.attempt, server=server):
            bell().ring(Order(str(run.id), run.workflow, run.carried_by, run.attempt, server))
    except RedisError as error:
        logger.warning("run %s is not rung for yet: %s", run.id, error)
