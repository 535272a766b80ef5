"""`/api/usage`: what one's calls came to."""

from __future__ import annotations

from typing import Annotated, Any, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import NinjaAPI
from pydantic import Field

from runs import usage
from runs.api import shapes
from runs.api.access import FindToken, grant_of, needs
from runs.api.answers import answer
from runs.api.document import described

Days = Annotated[int, Field(ge=1, le=usage.LONGEST)]


def add(api: NinjaAPI, find_token: FindToken) -> None:
    @api.get(
        "/usage",
        auth=needs(find_token, "read"),
        openapi_extra=described({200: shapes.UsageReport}, (422,)),
    )
    def get_usage(request: HttpRequest, days: Days = 30) -> HttpResponse:
        """Tokens and cost of the last days of UTC, today among them, by day, workflow and model:
        failed and repeated calls too, and those of runs that were deleted. A cost is null when that
        of some of the calls is unknown; `known_usd` is that of the others."""
        owner = cast("Any", grant_of(request).user).pk
        return answer(report(usage.usage(owner, days, timezone.now())))


def report(found: usage.Usage) -> shapes.UsageReport:
    return {
        "from": found.first.isoformat(),
        "to": found.last.isoformat(),
        "total": _sums(found.total),
        "by_day": [{"day": day.isoformat(), **_sums(s)} for day, s in found.by_day.items()],
        "by_workflow": [{"workflow": name, **_sums(s)} for name, s in found.by_workflow.items()],
        "by_model": [{"model": name, **_sums(s)} for name, s in found.by_model.items()],
    }


def _sums(sums: usage.Sums) -> shapes.Sums:
    return {
        "prompt_tokens": sums.prompt_tokens,
        "completion_tokens": sums.completion_tokens,
        "cost_usd": sums.usd,
        "calls": sums.calls,
        "known_usd": sums.known_usd,
        "unknown_calls": sums.unknown,
    }
