"""What the process tells those who run it. Flows and libraries talk along: secrets are masked."""

from __future__ import annotations

import logging

from workflows.engine import current
from workflows.engine.masking import Mask

FORMAT = "%(asctime)s worker %(levelname)s %(name)s: %(message)s"


class Discreet(logging.Formatter):
    """Masks whole lines, tracebacks too."""

    def __init__(self, mask: Mask) -> None:
        super().__init__(FORMAT)
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        said, scope = super().format(record), current()
        # What a component names as secret its run alone knows to be one.
        return self._mask.text(said if scope is None else scope.masked(said))


def talk(mask: Mask) -> None:
    """To stderr, from now on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Discreet(mask))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # Two lines for each order, one for each request: the log of the run says it all.
    for library in ("celery", "httpx2"):
        logging.getLogger(library).setLevel(logging.WARNING)
