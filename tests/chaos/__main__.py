"""`make chaos`: the fault suite with many kills. SEED repeats a run of it, KILLS counts them, RUNS
the runs that go on meanwhile, EACH=2 has two of each process, SWEEP=all dies at every append."""

from __future__ import annotations

import os
import random
import subprocess
import sys


def main() -> int:
    seed = os.environ.get("SEED") or str(random.SystemRandom().randrange(10**6))
    kills = os.environ.get("KILLS") or "30"
    sys.stdout.write(f"SEED={seed} KILLS={kills}\n")
    sys.stdout.flush()
    words = ["-m", "pytest", "-m", "chaos", "-p", "no:randomly", "-rA", "--durations=10", "tests"]
    env = os.environ | {"SEED": seed, "KILLS": kills}
    return subprocess.run([sys.executable, *words, *sys.argv[1:]], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
