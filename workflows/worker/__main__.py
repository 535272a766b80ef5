"""`python -m workflows.worker [--lanes interactive,bulk] [--concurrency N] [--registry MODULE]`."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import platform
import secrets
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from workflows.compute.forked import Forked
from workflows.compute.process import Nursery, nurse
from workflows.engine.component import Workflow
from workflows.engine.masking import Mask
from workflows.llm import providers
from workflows.llm.rehearsal import rehearse
from workflows.wire import reports
from workflows.wire.orders import LANES, queue
from workflows.wire.settings import BadSetting, Settings
from workflows.worker.process import work
from workflows.worker.suspect import carry_out
from workflows.worker.talk import talk

EXIT_USAGE = 2

Registry = Mapping[str, Workflow[..., Any]]


def main(arguments: Sequence[str]) -> int:
    if "DJANGO_SETTINGS_MODULE" in os.environ:
        # Celery would call django.setup(): a worker knows no Django and no SQL.
        return refuse("DJANGO_SETTINGS_MODULE is set: a worker runs without Django, unset it")
    asked = parser().parse_args(arguments)
    try:
        settings = Settings.from_env(os.environ)
        # A run must not be the first to learn that no provider can be asked.
        providers.chain(os.environ)
        reports.begin(os.environ)
    except BadSetting as error:
        return refuse(str(error))
    talk(Mask.of_environment(os.environ))
    registry = load(asked.registry)
    rehearse()
    worker = asked.nursery or f"{platform.node()}-{os.getpid()}-{secrets.token_hex(3)}"
    nurses = partial(nurse, partial(carry_out, settings, registry, worker))
    if asked.nursery:
        return nurses()
    return work(
        settings,
        registry,
        queues(registry, asked.lanes),
        asked.concurrency,
        worker=worker,
        nursery=Nursery(Forked(nurses), nursery(asked.registry, worker)),
    )


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="workflows.worker", description="Runs workflows.")
    made.add_argument("--lanes", type=lanes, default=list(LANES), help="which queues to serve")
    made.add_argument("--concurrency", type=at_least_one, default=100, help="runs at once")
    made.add_argument("--registry", default="workflows.registry", help="module with REGISTRY")
    # A worker's own: the process whose children carry suspects out, when its first one is gone.
    made.add_argument("--nursery", default="", help=argparse.SUPPRESS)
    return made


def nursery(registry: str, worker: str) -> list[str]:
    """The command of a worker's second nursery."""
    words = ["-m", "workflows.worker", "--registry", registry, "--nursery", worker]
    return [sys.executable, *words]


def lanes(text: str) -> list[str]:
    named = [name.strip() for name in text.split(",") if name.strip()]
    if not named or set(named) - set(LANES):
        raise argparse.ArgumentTypeError(f"choose from {','.join(LANES)}")
    return named


def at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def load(module: str) -> Registry:
    """The workflows of a registry module, by name."""
    registry: Registry = importlib.import_module(module).REGISTRY
    return registry


def queues(registry: Registry, lanes: Sequence[str]) -> list[str]:
    """Of every workflow here, in these lanes."""
    return [queue(lane, flow.name, flow.version) for lane in lanes for flow in registry.values()]


def refuse(why: str) -> int:
    sys.stderr.write(f"workflows.worker: {why}\n")
    return EXIT_USAGE


if __name__ == "__main__":
    code = main(sys.argv[1:])
    logging.shutdown()
    # An interpreter waits for its threads, and a step in a thread cannot be stopped.
    os._exit(code)
