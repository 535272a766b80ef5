"""`make bench`: every benchmark, or the named ones; a line of JSON for each figure.

python -m tests.bench [--tiny] [NAME...]
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench import (
    appends,
    bookkeeping,
    frames,
    pages,
    parked,
    reload,
    spans,
    starts,
    streaming,
    takeovers,
    turns,
    waits,
)


@dataclass(frozen=True)
class Bench:
    """`tiny`: just enough to see that it works."""

    run: Callable[[int], None]
    n: int
    tiny: int


BENCHES = {
    "appends": Bench(appends.main, n=3000, tiny=5),
    "spans": Bench(spans.main, n=2000, tiny=5),
    "bookkeeping": Bench(bookkeeping.main, n=600, tiny=5),
    "starts": Bench(starts.main, n=60, tiny=2),
    "frames": Bench(frames.main, n=1500, tiny=20),
    "reload": Bench(reload.main, n=10_000, tiny=300),
    "pages": Bench(pages.main, n=1000, tiny=5),
    "streaming": Bench(streaming.main, n=8_000, tiny=200),
    "waits": Bench(waits.main, n=500, tiny=2),
    "turns": Bench(turns.main, n=300, tiny=2),
    "parked": Bench(parked.main, n=5000, tiny=5),
    "takeovers": Bench(takeovers.main, n=10, tiny=1),
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--tiny", action="store_true")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(BENCHES):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}")
    done = [_runs(name, tiny=asked.tiny) for name in asked.names or BENCHES]
    return 0 if all(done) else 1


def _runs(name: str, *, tiny: bool) -> bool:
    """Whether it came to its end; a benchmark that breaks does not stop the others."""
    bench = BENCHES[name]
    try:
        bench.run(bench.tiny if tiny else bench.n)
    except Exception:  # noqa: BLE001 - said, and the exit code tells
        sys.stderr.write(f"{name} broke\n")
        traceback.print_exc()
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
