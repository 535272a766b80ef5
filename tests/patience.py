"""How long tests wait for a condition before they give up.

A wait ends when its condition holds, so patience costs nothing where all is well. The seconds in
the tests are those of an idle machine; one that others share is slower by some factor.
"""

from __future__ import annotations

import os

SLOWER = float(os.environ.get("SLOWER") or 4)


def patience(seconds: float) -> float:
    """Seconds after which a condition that still does not hold is given up."""
    return seconds * SLOWER


def bar(most: float, *, promised: bool) -> float:
    """What a figure may come to: `most` where the size of the promise was asked for, so that the
    machine is there for nothing else; elsewhere what a slow one needs."""
    return most if promised else patience(most)
