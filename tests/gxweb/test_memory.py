"""Threads share their memory, where the C library would give each its own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

# Each place beside the first is a part of the address space that is a multiple of 64 MB.
LOOK = """
import threading
{share}
every = threading.Barrier(12)
def hold():
    found = [bytearray(5000) for _ in range(50)]
    every.wait(20)
threads = [threading.Thread(target=hold) for _ in range(11)]
for one in threads: one.start()
maps = lambda: open("/proc/self/maps").read().splitlines()
starts = {{int(line.split("-")[0], 16) for line in maps() if len(line.split()) == 5}}
print(len([at for at in starts if at % (64 * 2**20) == 0]))
every.wait(20)
"""


def places(share: str) -> int:
    words = [sys.executable, "-c", LOOK.format(share=share)]
    return int(subprocess.run(words, capture_output=True, check=True, timeout=60).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_threads_share_what_memory_is_taken_from() -> None:
    assert places("from gxweb import memory; memory.share()") <= 2 < places("")
