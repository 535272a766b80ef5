"""An article of 48 KB whose six sections grow side by side, as a browser and the wire see it.

The sections are the worst there is: each is one block that stays open to its end.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, WebSocket, sync_playwright

from tests import chromium
from tests.bench.figure import Figure
from tests.bench.signing_in import Reader
from tests.chaos.stack import Stack, stack
from tests.runs.render.blocks import LONG
from tests.runs.writer import ROOT, Writer, opened, wrote
from workflows.wire.events import RunCompleted

SECTIONS = 6
EVERY_S = 0.04  # as the worker joins what one run says
TOKEN = 4  # characters
SPEEDS = (60, 240)  # tokens a second and section
KEEP_LONG_TASKS = """() => {
  window.long = [];
  new PerformanceObserver((list) => window.long.push(...list.getEntries().map((it) => it.duration)))
    .observe({type: "longtask"});
}"""
SHOWN = "cursor => document.querySelector('[data-run]').dataset.cursor === cursor"


def main(n: int) -> None:
    """`n`: characters of a section."""
    if chromium.executable() is None:
        sys.stderr.write("no Chromium: nothing is measured\n")
        return
    with tempfile.TemporaryDirectory() as folder, stack(Path(folder), workers=0, controls=0) as s:
        reader = Reader.of(s)
        for speed in SPEEDS:
            measure(s, reader, speed, n)


def measure(s: Stack, reader: Reader, speed: int, n: int) -> None:
    with sync_playwright() as playwright, s.redis() as redis:
        browser = playwright.chromium.launch(
            executable_path=chromium.executable(), args=chromium.arguments()
        )
        context = browser.new_context(base_url=s.url)
        context.add_cookies([{"name": "sessionid", "value": reader.session, "url": s.url}])
        page, frames = context.new_page(), list[int]()
        page.on("websocket", lambda socket: hear(socket, frames))
        run = Writer(redis, reader.add_run()).begin()
        run.say(*[opened(path(number)) for number in range(SECTIONS)])
        work = look_at(page, run)
        frames.clear()
        browser.start_tracing(page=page, categories=["toplevel"])
        begun, worked, cpu = time.monotonic(), busy_s(work), cpu_s(s)
        write(page, run, speed, n)
        took = time.monotonic() - begun
        page.wait_for_function(SHOWN, arg=str(run.tip))
        late = time.monotonic() - begun - took
        worked, cpu = busy_s(work) - worked, cpu_s(s) - cpu
        name = f"6 sections of {n} characters at {speed} tokens/s"
        tasks: Any = page.evaluate("window.long")
        longest = longest_ms(browser.stop_tracing())
        run.say(RunCompleted({}))
        browser.close()
    Figure(f"{name}: on the wire, each", sum(frames) / SECTIONS / 1000 / took, "KB/s").show()
    Figure(f"{name}: largest frame", max(frames) / 1000, "KB", n=len(frames)).show()
    Figure(f"{name}: tasks over 50 ms", len(tasks), "tasks").show()
    Figure(f"{name}: longest of them", max(tasks, default=0), "ms").show()
    Figure(f"{name}: longest task, its own CPU", longest, "ms").show()
    Figure(f"{name}: browser's work a frame", worked / len(frames) * 1000, "ms").show()
    Figure(f"{name}: last text to page", late * 1000, "ms").show()
    Figure(f"{name}: web process", cpu / took * 100, "% of a CPU").show()


def look_at(page: Page, run: Writer) -> CDPSession:
    page.goto(f"/runs/{run.run}/")
    page.wait_for_selector("[data-connection=live]")
    page.evaluate(KEEP_LONG_TASKS)
    work = page.context.new_cdp_session(page)
    work.send("Performance.enable")
    return work


def busy_s(work: CDPSession) -> float:
    """Seconds that the page's main thread has worked."""
    metrics = work.send("Performance.getMetrics")["metrics"]
    return next(float(m["value"]) for m in metrics if m["name"] == "TaskDuration")


def longest_ms(trace: bytes) -> float:
    """Work of the page's main thread in one go; on a loaded machine that takes longer."""
    events = json.loads(trace)["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = (event for event in events if event["name"] == "ThreadControllerImpl::RunTask")
    took = (event.get("tdur", 0) for event in tasks if (event["pid"], event["tid"]) in mains)
    return max(took, default=0) / 1000


def hear(socket: WebSocket, frames: list[int]) -> None:
    socket.on("framereceived", lambda frame: frames.append(len(frame)))


def write(page: Page, run: Writer, speed: int, n: int) -> None:
    """In real time; what a slow moment held back comes with the next batch."""
    texts = [text[:n] for text in islice(LONG.values(), SECTIONS)]
    begun, at = time.monotonic(), 0
    while at < n:
        page.wait_for_timeout(EVERY_S * 1000)  # its loop is ours: it hears frames meanwhile
        until = min(n, round((time.monotonic() - begun) * speed * TOKEN))
        said = [
            wrote(path(number), f"section-{number + 1}", at, text[at:until])
            for number, text in enumerate(texts)
            if text[at:until]
        ]
        run.say(*said) if said else None
        at = until


def path(number: int) -> str:
    return f"{ROOT}/write_section[{number}]"


def cpu_s(s: Stack) -> float:
    """Seconds of CPU that the web process has had."""
    fields = Path(f"/proc/{s.webs[0].pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
