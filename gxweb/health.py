"""Is this process alive, and can the whole take work: the two questions that machines ask."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from runs import attendance, connections
from workflows.wire import pulse
from workflows.wire.pulse import Beat


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    found = _pulse()
    parts = {
        "redis": "ok" if found is not None else "down",
        "sql": _sql(),
        "worker": _present("worker", found),
        "control": _present("control", found),
    }
    ready = all(state == "ok" for state in parts.values())
    said = {"ready": ready, **parts}
    if ready and (unserved := attendance.unserved(found or [])):
        # Not a reason to take this process out of service: all other runs go on.
        said["unserved"] = unserved
    response = JsonResponse(said, status=200 if ready else 503)
    # Asked every second while the parts start: not an error each time.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _pulse() -> list[Beat] | None:
    """Who lives; None when Redis does not answer. Asked once: each question may take seconds."""
    try:
        return pulse.alive(connections.redis())
    except RedisError:
        return None


def _present(kind: str, found: list[Beat] | None) -> str:
    if found is None:
        return "down"
    return "ok" if any(beat.kind == kind and not beat.draining for beat in found) else "none"


def _sql() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # noqa: BLE001 - the other parts are still worth telling
        return "down"
    return "ok"
