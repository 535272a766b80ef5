"""The page of what one's runs have cost: by day, workflow and model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from gxweb.accounts.user import signed_in
from runs import listing, quota
from runs.usage import Sums, Usage, usage
from runs.views import private

Title = Callable[[str], str]
SPANS = (7, 30, 90)  # days
HEIGHT, WIDTH = 100, 100  # of the charts, in their own units


@dataclass(frozen=True, slots=True)
class Column:
    """A day in the chart."""

    day: date
    sums: Sums
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Part:
    """A workflow or a model: its part of the whole, as a bar."""

    name: str
    sums: Sums
    width: float


@require_safe
@login_required
@private
def page(request: HttpRequest) -> HttpResponse:
    now, owner = timezone.now(), signed_in(request).pk
    days = int(asked) if (asked := request.GET.get("days", "")) in map(str, SPANS) else 30
    found = usage(owner, days, now)
    total, in_money = found.total, found.total.known_usd > 0
    context = {
        "days": days,
        "spans": SPANS,
        "total": total,
        "in_money": in_money,
        "columns": columns(found, in_money=in_money),
        "step": WIDTH / days,
        "workflows": parts(found.by_workflow, listing.title, in_money=in_money),
        "models": parts(found.by_model, str, in_money=in_money),
        "today": quota.day(owner, now),
    }
    return render(request, "usage/usage.html", context)


def columns(found: Usage, *, in_money: bool) -> list[Column]:
    """Each day of the chart, from the left."""
    by_day = found.by_day
    most = max((_measure(sums, in_money) for sums in by_day.values()), default=0) or 1
    step = WIDTH / len(by_day)
    return [
        _column(day, sums, number * step, HEIGHT * _measure(sums, in_money) / most)
        for number, (day, sums) in enumerate(by_day.items())
    ]


def _column(day: date, sums: Sums, x: float, height: float) -> Column:
    """What there is can be seen, however little it is."""
    height = max(height, 1.5) if sums.calls else 0.0
    return Column(day, sums, round(x, 3), round(HEIGHT - height, 3), round(height, 3))


def parts(found: Mapping[str, Sums], title: Title, *, in_money: bool) -> list[Part]:
    whole = max((_measure(sums, in_money) for sums in found.values()), default=0) or 1
    return [
        Part(title(name), sums, round(WIDTH * _measure(sums, in_money) / whole, 3))
        for name, sums in found.items()
    ]


def _measure(sums: Sums, in_money: bool) -> float:
    """Where nothing costs anything, as with the offline model, tokens are compared."""
    return sums.known_usd if in_money else float(sums.tokens)
