"""A worker written from workflows/wire/README.md: plain Python and redis-py, nothing of ours.

    python plain_worker.py REDIS_URL FOLDER_OF_THE_SCRIPTS

Its one workflow, `copy`, says each line in a span of its own and gives all of them back. What it
cannot say it leaves alone: its lease runs out, and the run goes on elsewhere.
"""
# mypy: ignore-errors

import base64
import contextlib
import hashlib
import json
import sys
import threading
import time

import redis

r = redis.Redis.from_url(sys.argv[1], decode_responses=True)
me, queue, at_work = f"plain-{time.time_ns()}", "gx.interactive.copy.v1", []


def script(name, keys, *args):
    with open(f"{sys.argv[2]}/{name}.lua") as source:
        said = r.eval(source.read(), len(keys), *keys, *args)
    if said[0] != "ok" and name != "beat":
        raise ValueError(said)  # the run is not ours any more, or never was


def packed(kind, span, data):
    """One event, as both scripts take it: how many, kind, data, then blobs."""
    raw, blobs = json.dumps(data.get("output")), []
    if len(raw) > 32 * 1024:
        blobs = [hashlib.sha256(raw.encode()).hexdigest(), raw]
        data = {**data, "output": {"$blob": blobs[0]}}
    said = {"v": 1, "at": time.time_ns() // 1_000_000, "span": span, "data": data}
    return [1, kind, json.dumps(said), *blobs]


class Attempt:
    def __init__(self, run, attempt, redis_run_id, **_):
        slot = f"gx:{{{int(run[:2], 16) % 16}}}"
        self.log, self.lease, self.blob = (f"{slot}:{run}:{k}" for k in ("log", "lease", "blob"))
        self.attempt, self.seq, reason = attempt, 0, self.read()
        began = {"worker": me, "version": 1, "reason": reason, "taken_over": len(self.done)}
        opening = packed("run.started", None, {**began, "isolated": True})
        about = [attempt, f"{me}/{time.time_ns()}", redis_run_id, run, me, 2000, "", "gx:fence"]
        script("open", [self.log, f"{slot}:due", self.lease, self.blob], *about, *opening)
        self.read()
        self.beat = lambda: script("beat", [self.lease, f"{slot}:due"], attempt, 2000, run)

    def read(self):
        """`done`: by identity, what the spans gave that are finished."""
        entries = [entry for _, entry in r.xrange(self.log)]
        log = [(e["kind"], json.loads(e["data"], object_hook=self.whole)) for e in entries]
        restored = max((n for n, (kind, _) in enumerate(log) if kind == "run.restored"), default=0)
        span = {said["span"]: said["data"]["hash"] for kind, said in log if kind == "span.started"}
        ended = [said for kind, said in log[restored:] if kind == "span.completed"]
        self.done = {span[said["span"]]: said["data"]["output"] for said in ended}
        self.input = [said["data"]["input"] for kind, said in log if kind == "run.queued"][-1]
        return "crashed" if any(kind == "run.started" for kind, _ in log) else "first"

    def whole(self, value):
        return json.loads(r.hget(self.blob, value["$blob"])) if "$blob" in value else value

    def say(self, kind, span=None, **data):
        about = [f"{self.attempt}-{self.seq}", self.attempt, self.seq + 1]
        script("append", [self.log, self.blob], *about, *packed(kind, span, data))
        self.seq += 1

    def copy(self):
        """The workflow."""
        if not isinstance(self.input, dict) or "lines" not in self.input:
            self.say("run.failed", error={"type": "invalid_input", "message": "No lines."})
        self.say("span.started", "copy[0]", name="copy", hash="copy", parent=None)
        said = [self.line(n, text) for n, text in enumerate(self.input["lines"])]
        self.say("span.completed", "copy[0]", output=said, duration_ms=0, tries=1)
        self.say("run.completed", output=said)

    def line(self, n, text):
        path, channel, half = f"copy[0]/line[{n}]", f"line-{n}", len(text) // 2
        identity = hashlib.sha256(f"copy/line/{n}/{text}".encode()).hexdigest()
        if identity not in self.done:
            self.say("span.started", path, name="line", hash=identity, parent="copy[0]")
            self.say("text", path, channel=channel, at=0, delta=text[:half])
            time.sleep(self.input["pause"])
            self.say("text", path, channel=channel, at=half, delta=text[half:])
            self.say("object", path, label="line", value=n)
            self.say("span.completed", path, output=text, duration_ms=0, tries=1)
        return text


def work():
    while True:
        with contextlib.suppress(redis.RedisError, ValueError, LookupError, TypeError):
            message = json.loads(r.brpop(queue)[1])
            at_work[:] = [Attempt(**json.loads(base64.b64decode(message["body"]))[0][0])]
            at_work[0].copy()
        at_work.clear()


threading.Thread(target=work, daemon=True).start()
while True:  # the heart; should it fail, the process ends, and somebody starts it again
    said = {"name": me, "kind": "worker", "queues": [queue], "slots": 1}
    r.xadd("gx:pulse", {"data": json.dumps(said)}, maxlen=2000)
    for attempt in tuple(at_work):
        attempt.beat()
    time.sleep(0.5)
