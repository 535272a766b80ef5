"""In which order files of tests begin: the longest first, so that none of them is the last.

Those that wait for whole processes leave the cores to the others, and so come before them.
"""

from __future__ import annotations

import pytest

# More than half a minute each, on two cores.
LONGEST = (
    "tests/e2e/test_newcomer.py",
    "tests/chaos/test_faults.py",
    "tests/chaos/test_kills.py",
    "tests/e2e/test_axe.py",
    "tests/e2e/test_admin.py",
    "tests/e2e/test_live_blog.py",
    "tests/chaos/test_redis.py",
    "tests/chaos/test_deploys.py",
    "tests/chaos/test_single_flight.py",
    "tests/chaos/test_forks.py",
    "tests/chaos/test_oracle.py",
    "tests/chaos/test_readers.py",
    "tests/chaos/test_ledger.py",
)


def turn(item: pytest.Item) -> int:
    """What is sorted by. Equals stay in the order in which they come, which is random."""
    file = item.nodeid.partition("::")[0]
    if file in LONGEST:
        return LONGEST.index(file)
    whole = item.get_closest_marker("chaos") or item.get_closest_marker("e2e")
    return len(LONGEST) + (not whole)
