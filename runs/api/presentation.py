"""A run as REST shows it. A live run's row is brought up to its log first: who has read an event
must not be told an older story here."""

from datetime import datetime
from typing import Any, cast

from django.http import HttpRequest

from runs import history, rows
from runs.api import shapes
from runs.fields import moment
from runs.models import Run


def fresh(run: Run) -> Run:
    """The same row as its log has it now; nothing is saved."""
    if not run.finished:
        for name, value in rows.run_changes(run, history.state(run)).items():
            setattr(run, name, value)
    return run


def links(request: HttpRequest, run: Run) -> shapes.Links:
    api = f"/api/runs/{run.id}"
    paths = {
        "self": api,
        "events": f"{api}/events",
        "output": f"{api}/output",
        "page": f"/runs/{run.id}/",
    }
    root = request.build_absolute_uri("/").removesuffix("/")
    return cast("shapes.Links", {name: root + path for name, path in paths.items()})


def started(request: HttpRequest, run: Run) -> shapes.StartedRun:
    return {
        "id": str(run.id),
        "workflow": run.workflow,
        "version": run.version,
        "status": cast("shapes.Status", run.status),
        "links": links(request, run),
    }


def ended(request: HttpRequest, run: Run) -> shapes.EndedRun:
    return {**started(request, run), "output": run.output, "error": error(run)}


def summary(request: HttpRequest, run: Run) -> shapes.RunSummary:
    return {
        "id": str(run.id),
        "workflow": run.workflow,
        "version": run.version,
        "status": cast("shapes.Status", run.status),
        "attempt": run.starts,
        "error": error(run),
        "usage": _usage(run),
        "created_at": _required(run.created_at),
        "started_at": instant(run.started_at),
        "finished_at": instant(run.finished_at),
        "progress": {
            "done": run.progress_done,
            "total": run.progress_total,
            "message": run.progress_message,
        },
        "forked_from": str(run.forked_from_id) if run.forked_from_id else None,
        "links": links(request, run),
    }


def detail(request: HttpRequest, run: Run) -> shapes.RunDetail:
    return {
        **summary(request, run),
        "current_version": run.current_version or None,
        "input": run.input,
        "output": run.output,
        "waiting": _waiting(run.waiting),
    }


def error(run: Run) -> shapes.Error | None:
    if not run.error_type:
        return None
    return {"type": run.error_type, "message": run.error_message}


def instant(at: datetime | None) -> str | None:
    """`2026-11-21T01:02:03.456Z`, as in events."""
    return None if at is None else _required(at)


def _required(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _usage(run: Run) -> shapes.Usage:
    return {
        "prompt_tokens": run.prompt_tokens,
        "completion_tokens": run.completion_tokens,
        "cost_usd": run.cost_usd,
        "calls": run.calls,
    }


def _waiting(found: dict[str, Any] | None) -> shapes.Waiting | None:
    if found is None:
        return None
    until = found.get("until")
    at = None if until is None else instant(moment(until))
    question = {name: found[name] for name in rows.QUESTION}
    return cast("shapes.Waiting", {**question, "until": at})
