"""The process that takes pages apart: each in a fork of its own, with little memory and time.

It has the libraries loaded, so that a page costs a fork and not a start. On its input: a line of
JSON (`length`, `charset`, `url`), then so many bytes of HTML. On its output: a line with a length,
then so many bytes of JSON, see `dissection`; 0 bytes: that page cannot be taken apart.

python -m workflows.fetch.extraction
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
from typing import BinaryIO

MEMORY = 40 * 1024 * 1024  # bytes of address space that a page may add
SECONDS = 12
MOST = 16 * 1024 * 1024  # bytes of an answer


def serve(asked: BinaryIO, said: BinaryIO) -> None:
    """Until the input ends: whoever asks is gone then."""
    from workflows.fetch import dissection  # noqa: PLC0415 - each fork finds it loaded

    dissection.warm()
    gc.freeze()
    while line := asked.readline():
        head = json.loads(line)
        answer = _forked(head, asked.read(head["length"]))
        said.write(b"%d\n" % len(answer) + answer)
        said.flush()


def _forked(head: dict[str, str], body: bytes) -> bytes:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _dissect(head, body, writing)
    os.close(writing)
    with open(reading, "rb") as pipe:
        answer = pipe.read(MOST)
    _, status = os.waitpid(child, 0)
    return b"" if status else answer


def _dissect(head: dict[str, str], body: bytes, writing: int) -> None:
    """In the fork; does not return."""
    code = 1
    try:
        _bound()
        from workflows.fetch.dissection import dissected  # noqa: PLC0415 - loaded already

        with open(writing, "wb") as pipe:
            pipe.write(json.dumps(dissected(body, head["charset"], head["url"])).encode())
        code = 0
    finally:
        os._exit(code)


def _bound() -> None:
    most = _size() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(SECONDS)


def _size() -> int:
    """Bytes of address space that this process has now; where there is no /proc, more than that."""
    try:
        with open("/proc/self/statm", "rb") as said:
            return int(said.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 1024 * 1024 * 1024


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
