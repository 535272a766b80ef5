"""What we know of the process that started us."""

import os
import signal

import pytest

from gxweb.supervisor import parent


def test_a_blocked_signal_is_seen() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        assert signal.SIGUSR1 in parent.blocked(os.getpid())
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    assert signal.SIGUSR1 not in parent.blocked(os.getpid())


def test_a_process_that_is_gone_blocks_nothing() -> None:
    assert parent.blocked(2**22 + 1) == set()


def test_without_make_nobody_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAKELEVEL", raising=False)
    assert parent.follow()() is False
