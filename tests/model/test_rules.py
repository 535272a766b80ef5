"""Each rule of the log, switched off, is seen to break a promise within a few thousand schedules.

The faults that show it are named, so that few schedules are enough. A rule that nothing shows here
is not needed, or the model cannot see why it is.
"""

from __future__ import annotations

import re

import pytest

from tests.model.scheduler import play
from tests.model.switches import NAMES, ON

MOST = 4_000
# Where the search begins for those that are seldom seen.
FIRST = {"numbers_never_repeat": 230, "restores_both": 1_660, "archive_with_end": 180}

# Switch -> the faults that show it, and what is broken then.
SHOWN: dict[str, tuple[tuple[str, ...], str]] = {
    "append_compares": (
        ("cut", "flush"),
        "paid again|nothing has ended|does not follow|is not the log",
    ),
    "append_names_its_ids": (("stop worker",), "written twice|is by"),
    "unknown_is_no_refusal": (("lose orders",), "lives and is taken over"),
    "unknown_is_no_success": (("lose orders",), "lives and is taken over"),
    "same_ids_again": (("lose orders",), "written twice"),
    "sql_gives_numbers": (("stop worker",), "lives and is taken over"),
    "numbers_never_repeat": (("cut", "stop worker"), "the fold|not the log|is by"),
    "queue_in_time": (("stop plane", "flush"), "did not open|paid again"),
    "open_ignores_leases": (("stop worker",), "refused although none is newer"),
    "open_knows_its_nonce": (("kill worker",), "did not open"),
    "open_knows_its_server": (("cut",), "did not open|paid again"),
    "fence_before_call": (("stop worker",), "a zombie"),
    "fence_ages": (("stop worker",), "a zombie"),
    "replay_to_own_opening": (("stop worker",), "paid again"),
    "readers_accept": (("cut", "flush"), "not the log|not the fold|does not follow"),
    "sql_stays": (("cut",), "SQL went back"),
    "restores": (("cut", "flush"), "paid again|nothing has ended"),
    "restores_both": (("cut", "stop worker"), "paid again"),
    "archive_with_end": (("kill plane",), "nothing has ended"),
    "let_go_after_sql": (("kill plane", "stop plane"), "paid again"),
    "sweeps": (("kill plane", "flush"), "nothing has ended"),
    "calm": (("partition",), "lives and is taken over"),
    "beat_needs_ticks": (("hang loop",), "nothing has ended"),
    "rings_again": (("lose orders", "kill worker"), "nothing has ended"),
    "adopts": (("deploy",), "nothing has ended"),
    "text_has_offset": (("kill worker",), "not the fold|is shown for"),
    "identity_by_input": (("kill worker",), " got "),
    "replay_is_silent": (("kill worker",), "is shown for|is copied"),
    "copies_with_the_row": (("flush",), "paid again"),
    "copies_at_once": (("kill plane",), "paid again"),
}


def test_every_rule_has_its_switch_here() -> None:
    assert set(SHOWN) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_without_the_rule_a_promise_is_broken(name: str) -> None:
    kinds, broken = SHOWN[name]
    first = FIRST.get(name, 0)
    outcomes = (play(seed, ON.without(name), kinds) for seed in range(first, first + MOST))
    found = next((outcome for outcome in outcomes if outcome.violation), None)
    assert found is not None, f"{MOST} schedules without {name} and nothing was broken"
    assert re.search(broken, found.violation), f"{found.violation}\n{found.trace}"
