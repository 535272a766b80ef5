"""A switch per rule of the log. On, the rule holds; off, the model does what one would do without
knowing it. `OFF` says how each is broken, and `test_rules.py` that each of them is then seen."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tests.model.promise import Rules


@dataclass(frozen=True, slots=True)
class Switches(Rules):
    # 1. Append is compare-and-append.
    append_compares: bool = True  # off: explicit ids only, Redis refuses lower ones
    append_names_its_ids: bool = True  # off: XADD *, whatever is last
    # 2. Only a script's answer is a refusal.
    unknown_is_no_refusal: bool = True  # off: a lost reply ends the attempt
    unknown_is_no_success: bool = True  # off: a lost reply is taken for done
    same_ids_again: bool = True  # off: sent again after whatever is last then
    # 3. SQL hands out attempts.
    sql_gives_numbers: bool = True  # off: the worker takes the number after the log's
    numbers_never_repeat: bool = True  # off: an attempt that the log does not have is rung again
    queue_in_time: bool = True  # off: a start may write `run.queued` however late it is
    # 4. Opening an attempt.
    open_ignores_leases: bool = True  # off: refused while somebody's lease is good
    open_knows_its_nonce: bool = True  # off: whoever finds its attempt open takes it for its own
    open_knows_its_server: bool = True  # off: an order is good on any start of Redis
    # 5. Replay, and the fence before money.
    fence_before_call: bool = True  # off: `span.started` is not waited for
    fence_ages: bool = True  # off: a fence from before a long stop still counts
    replay_to_own_opening: bool = True  # off: the log is read before the opening
    # 6. Readers.
    readers_accept: bool = True  # off: anything newer is the next event
    # 7. SQL never goes back.
    sql_stays: bool = True  # off: the rows follow the log, wherever it goes
    restores: bool = True  # off: a lost or short log is only rung for
    restores_both: bool = True  # off: what a short log has and SQL has not is forgotten
    # 8. The end.
    archive_with_end: bool = True  # off: two transactions
    let_go_after_sql: bool = True  # off: EXPIRE and ZREM come first
    # 9. Sweep.
    sweeps: bool = True
    # 10. Judging death.
    calm: bool = True  # off: an expired lease is death, whatever happened
    beat_needs_ticks: bool = True  # off: the heart beats while the loop hangs
    # 12. Ringing.
    rings_again: bool = True  # off: a lost order stays lost
    adopts: bool = True  # off: only workers of the version that was asked for are rung
    # 14. Text belongs to its span.
    text_has_offset: bool = True  # off: what comes is appended
    # 15. Identity and silent replay.
    identity_by_input: bool = True  # off: by the number of the call under its parent
    replay_is_silent: bool = True  # off: a replayed span starts and ends again
    # Forks: what another run has finished.
    copies_with_the_row: bool = True  # off: only the log has the copies
    copies_at_once: bool = True  # off: `run.queued` first, the copies by another script


ON = Switches()
NAMES = tuple(each.name for each in fields(Switches))
