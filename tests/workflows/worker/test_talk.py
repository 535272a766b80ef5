"""No secret in what a process says."""

import logging

from workflows.engine.masking import MASK, Mask
from workflows.worker.talk import Discreet

SECRET = "sk-canary-0123456789"


def test_messages_arguments_and_tracebacks_are_masked() -> None:
    try:
        raise ValueError(f"refused: {SECRET}")
    except ValueError as error:
        caught = (type(error), error, error.__traceback__)
    record = logging.LogRecord("flow", logging.ERROR, "x", 1, "key %s", (SECRET,), caught)
    said = Discreet(Mask([SECRET])).format(record)
    assert SECRET not in said
    assert f"key {MASK}" in said
    assert f"ValueError: refused: {MASK}" in said
