"""A page that was made to hurt takes little memory, whatever it is made of."""

from __future__ import annotations

import subprocess
import sys

PEAK = """
import resource
from workflows.fetch import dissection, extraction

def fork(body):
    return extraction._forked({"charset": "", "url": "https://a.example/"}, body)

pages = [
    b"".join(b"<a href=/x%d>x</a>" % n for n in range(300_000)),
    ("\\N{HERB}" * 2_000_000).encode(),
    b"<b>" * 2_600_000,
    b"<table>" + b"<tr><td>" * 900_000,
    b"<p " + b"".join(b"a%d=1 " % n for n in range(900_000)),
    b"<!--" * 2_000_000,
]
dissection.warm()
fork(b"<p>A page.</p>")
idle = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
for page in pages:
    fork(page)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert most - idle < 64 * 1024, (page[:40], idle, most)
"""


def test_a_page_adds_little_memory() -> None:
    words = [sys.executable, "-c", PEAK]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
