"""A Python that has an installation's settings and does what a test says, as often as it says it.

It starts at the first word, and once: a start costs a second of a core.

    python -m tests.hand    reads [code, words…] from each line, and answers [printed, error]
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path

ROOT = Path(__file__).parents[1]


class Hand:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {"DJANGO_SETTINGS_MODULE": "gxweb.settings", **environ}
        self._process: subprocess.Popen[str] | None = None

    def does(self, code: str, *words: str) -> str:
        """What `code` printed; `words` are its sys.argv[1:]. Raises RuntimeError when it fails."""
        process = self._process = self._process or self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        print(json.dumps([code, *words]), file=process.stdin, flush=True)
        answer = process.stdout.readline()
        printed, error = json.loads(answer) if answer else ("", "it is gone")
        if error:
            raise RuntimeError(error)
        return str(printed)

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.hand"],
            cwd=ROOT, env=self._environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()


def main() -> None:
    import django  # noqa: PLC0415 - who only holds a hand needs no Django

    django.setup()
    from django.db import connections  # noqa: PLC0415

    # What is printed by the way must not look like an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(_done(*json.loads(line))), file=answers, flush=True)
        connections.close_all()


def _done(code: str, *words: str) -> tuple[str, str]:
    sys.argv[1:] = words
    with redirect_stdout(io.StringIO()) as printed:
        try:
            exec(code, {"__name__": "hand"})
        except Exception:  # noqa: BLE001 - it is told
            return "", traceback.format_exc()
    return printed.getvalue(), ""


if __name__ == "__main__":
    main()
