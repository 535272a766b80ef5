"""What answers look like, for the OpenAPI document: of the very types that answers are made of."""

from __future__ import annotations

from typing import Any

from runs.api import shapes

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
SITE = "https://gxweb.example"
BEGUN, DONE = "2026-11-21T01:02:03.456Z", "2026-11-21T01:04:07.120Z"
PATH = "blog[0]/write_section[2]"
LINKS: shapes.Links = {
    "self": f"{SITE}/api/runs/{ID}",
    "events": f"{SITE}/api/runs/{ID}/events",
    "output": f"{SITE}/api/runs/{ID}/output",
    "page": f"{SITE}/runs/{ID}/",
}
USAGE: shapes.Usage = {
    "prompt_tokens": 1830,
    "completion_tokens": 912,
    "cost_usd": 0.0142,
    "calls": 5,
}
NO_USAGE: shapes.Usage = {
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "cost_usd": 0.0,
    "calls": 0,
}
ESTIMATE: shapes.Estimate = {
    "runs": 20,
    "seconds": [61.0, 143.5],
    "calls": [10.0, 14.4],
    "tokens": [21000.0, 38400.0],
    "usd": [0.021, 0.0432],
}
WORKFLOW: shapes.Workflow = {
    "name": "blog",
    "version": 1,
    "title": "Blog post",
    "description": "Researches, outlines and writes a post.",
    "input_schema": {"type": "object", "required": ["topic"]},
    "output_schema": {"type": "object"},
    "estimate": ESTIMATE,
}
STARTED: shapes.StartedRun = {
    "id": ID,
    "workflow": "blog",
    "version": 1,
    "status": "queued",
    "links": LINKS,
}
ENDED: shapes.EndedRun = {
    "id": ID,
    "workflow": "blog",
    "version": 1,
    "status": "completed",
    "links": LINKS,
    "output": {"title": "What a heat pump does", "markdown": "…"},
    "error": None,
}
SUMMARY: shapes.RunSummary = {
    "id": ID,
    "workflow": "blog",
    "version": 1,
    "status": "waiting",
    "attempt": 1,
    "error": None,
    "usage": USAGE,
    "created_at": BEGUN,
    "started_at": BEGUN,
    "finished_at": None,
    "progress": {"done": 2, "total": 5, "message": "Writing"},
    "forked_from": None,
    "links": LINKS,
}
DETAIL: shapes.RunDetail = {
    **SUMMARY,
    "current_version": 1,
    "input": {"topic": "What a heat pump does"},
    "output": None,
    "waiting": {
        "key": "outline",
        "title": "Shape the outline",
        "form_schema": {"type": "object"},
        "default": {"title": "What a heat pump does"},
        "until": DONE,
    },
}
EVENT: shapes.LogEvent = {
    "id": "1-17",
    "v": 1,
    "kind": "text",
    "at": BEGUN,
    "span": PATH,
    "data": {"channel": "section-2", "at": 0, "delta": "Heat moves"},
}
SPAN: shapes.SpanNode = {
    "path": PATH,
    "name": "write_section",
    "status": "completed",
    "started_at": BEGUN,
    "duration_ms": 8123.5,
    "tries": 1,
    "cached": False,
    "replayed": False,
    "usage": USAGE,
    "children": [],
}
ROOT: shapes.SpanNode = {
    **SPAN,
    "path": "blog[0]",
    "name": "blog",
    "usage": NO_USAGE,
    "children": [SPAN],
}
SAID = (
    '{"id":"1-17","v":1,"kind":"text","at":"2026-11-21T01:02:03.456Z",'
    '"span":"blog[0]/write_section[2]",'
    '"data":{"channel":"section-2","at":0,"delta":"Heat moves"}}'
)
FRAME = {"id": "1-17", "event": "text", "data": SAID}
FORK: shapes.ForkRequest = {"from": [PATH]}
SUMS: shapes.Sums = {**USAGE, "known_usd": 0.0142, "unknown_calls": 0}
REPORT: shapes.UsageReport = {
    "from": "2026-11-21",
    "to": "2026-11-21",
    "total": SUMS,
    "by_day": [{"day": "2026-11-21", **SUMS}],
    "by_workflow": [{"workflow": "blog", **SUMS}],
    "by_model": [{"model": "gpt-6.1-sol", **SUMS}],
}
EXAMPLES: dict[str, Any] = {
    "UsageReport": REPORT,
    "Workflow": WORKFLOW,
    "Workflows": {"items": [WORKFLOW], "next": None},
    "StartedRun": STARTED,
    "EndedRun": ENDED,
    "RunDetail": DETAIL,
    "Runs": {"items": [SUMMARY], "next": None},
    "Trace": {"items": [ROOT], "next": None},
    "LogEvent": EVENT,
    "Cancellation": {"id": ID, "status": "cancelled", "links": LINKS},
    "CancellationRequest": {"reason": "A better idea came up."},
    "ForkRequest": FORK,
}


def problem(status: int, title: str, code: str, detail: str) -> shapes.Problem:
    return {"type": f"urn:gxweb:{code}", "title": title, "status": status, "detail": detail}
